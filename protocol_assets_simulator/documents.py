"""Objects without images: the radiologist's report and the scanner's protocol report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from protocol_assets_simulator import header
from protocol_assets_simulator.dicom_json import (
    EMPTY,
    DicomJson,
    attributes,
    code,
    element,
    ordered,
)
from protocol_assets_simulator.scan import Scan

BASIC_TEXT_SR: Final = "1.2.840.10008.5.1.4.1.1.88.11"
ENHANCED_SR: Final = "1.2.840.10008.5.1.4.1.1.88.22"


def encode_report(scan: Scan) -> Iterator[DicomJson]:
    """A narrative report (Basic Text SR) that names the patient, as reports do."""
    study = scan.study
    finding = attributes(
        {
            "RelationshipType": "CONTAINS",
            "ValueType": "TEXT",
            "ConceptNameCodeSequence": code("121071", "DCM", "Finding"),
            "TextValue": f"{study.patient.name.replace('^', ' ')}, {study.patient.birth_date}: "
            f"{study.description}. {study.referrer}",
        }
    )
    yield ordered(
        header.study_elements(study),
        header.series_elements(scan),
        attributes(
            {
                "SOPClassUID": BASIC_TEXT_SR,
                "SOPInstanceUID": scan.instance_uid(0),
                "Modality": "SR",
                "ProtocolName": EMPTY,
                "InstanceNumber": 1,
                "ValueType": "CONTAINER",
                "ConceptNameCodeSequence": code("18748-4", "LN", "Diagnostic imaging report"),
                "ContinuityOfContent": "SEPARATE",
                "CompletionFlag": "COMPLETE",
                "VerificationFlag": "VERIFIED",
                "VerifyingObserverName": study.operator,
                "ContentSequence": [finding],
            }
        ),
    )


def encode_phoenix(scan: Scan) -> Iterator[DicomJson]:
    """Siemens' PhoenixZIPReport: an Enhanced SR, series 99, whose content is a private blob."""
    data_set = ordered(
        header.study_elements(scan.study),
        header.series_elements(scan),
        attributes(
            {
                "SOPClassUID": ENHANCED_SR,
                "SOPInstanceUID": scan.instance_uid(0),
                "ImageType": ("ORIGINAL", "PRIMARY", "OTHER", "CSA REPORT"),
                "Modality": "SR",
                "SeriesNumber": 99,
                "ProtocolName": "Phoenix Document",
                "InstanceNumber": 1,
                "ValueType": "CONTAINER",
                "ContinuityOfContent": "SEPARATE",
                "CompletionFlag": "PARTIAL",
                "VerificationFlag": "UNVERIFIED",
            }
        ),
        {
            "00290010": element("LO", "SIEMENS CSA HEADER"),
            "00290012": element("LO", "SIEMENS CSA REPORT"),
            "00291208": element("CS", "PHOENIXZIP"),
        },
    )
    # real ones carry neither serial number nor acquisition
    for tag in ("00181000", "00080022", "00200012"):
        data_set.pop(tag, None)
    yield data_set

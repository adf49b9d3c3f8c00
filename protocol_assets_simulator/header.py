"""The attributes every vendor writes alike: patient, study, device, series and MR parameters."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from protocol_assets_simulator import catalogue
from protocol_assets_simulator.dicom_json import EMPTY, DicomJson, attributes, clock, code
from protocol_assets_simulator.scan import Scan, Study

AGENTS: Final = {"de": "Gadovist", "pt": "Dotarem", "es": "Gadovist", "fr": "Dotarem"}
TIME_DIGITS: Final = {
    "siemens": 6, "ge": 0, "philips": 2, "canon": 3, "hitachi": 0, "uih": 6
}  # fmt: skip
"""Fractional digits of a time, by vendor."""


@lru_cache(maxsize=16)
def study_elements(study: Study) -> DicomJson:
    """Patient, study and device: what all instances of a study share; not to be altered.

    Study Time is when the worklist registered the study, by the hospital's clock; all other times
    are by the scanner's.
    """
    patient, scanner = study.patient, study.scanner
    site = scanner.site
    start = study.moment(study.registered_s)
    registered = start - timedelta(seconds=scanner.clock_offset_s)
    age = (study.day - patient.birth_date).days // 365
    return attributes(
        {
            "SpecificCharacterSet": "ISO_IR 192",
            "StudyDate": study.day,
            "StudyTime": clock(registered, TIME_DIGITS[scanner.vendor]),
            "AccessionNumber": study.accession or EMPTY,
            "Manufacturer": scanner.manufacturer,
            "InstitutionName": site.institution,
            "InstitutionAddress": site.address,
            "InstitutionalDepartmentName": site.department,
            "ReferringPhysicianName": study.referrer,
            "OperatorsName": study.operator,
            "StationName": scanner.station,
            "StudyDescription": study.description,
            "ProcedureCodeSequence": code(
                study.exam.procedure_code, f"99{site.issuer}", study.description
            ),
            "ManufacturerModelName": scanner.model,
            "PatientName": patient.name,
            "PatientID": patient.patient_id,
            "IssuerOfPatientID": site.issuer,
            "PatientBirthDate": patient.birth_date,
            "PatientSex": patient.sex,
            "PatientAge": f"{age:03d}Y",
            "PatientSize": patient.height_m,
            "PatientWeight": patient.weight_kg,
            "PatientAddress": patient.address,
            "PatientTelephoneNumbers": patient.phone,
            "AdditionalPatientHistory": catalogue.texts(scanner.language, "comment")[0],
            "DeviceSerialNumber": scanner.serial,
            "SoftwareVersions": scanner.software,
            "StudyInstanceUID": study.study_uid,
            "StudyID": str(study.index + 1),
            "PerformedProcedureStepStartDate": start.date(),
            "PerformedProcedureStepStartTime": clock(start, TIME_DIGITS[scanner.vendor]),
            "PerformedProcedureStepID": f"MR{start:%Y%m%d%H%M%S}",
            "PerformedProcedureStepDescription": study.description,
            "RequestAttributesSequence": attributes(
                {
                    "RequestedProcedureDescription": study.description,
                    "ScheduledProcedureStepDescription": study.description,
                    "ScheduledProcedureStepID": f"S{study.index + 1}",
                    "RequestedProcedureID": f"R{study.index + 1}",
                }
            ),
        }
    )


def series_elements(scan: Scan) -> DicomJson:
    """Identification of a series; the vendor's own numbering and times may override it."""
    study = scan.study
    digits = TIME_DIGITS[study.scanner.vendor]
    start = study.moment(scan.start_s)
    return attributes(
        {
            "SeriesDate": start.date(),
            "AcquisitionDate": start.date(),
            "ContentDate": start.date(),
            "SeriesTime": clock(start, digits),
            "Modality": "MR",
            "SeriesDescription": scan.series_description,
            "ProtocolName": scan.protocol_name,
            "BodyPartExamined": scan.body_part,
            "PatientPosition": "FFS" if study.exam.coil == "knee" else "HFS",
            "SeriesInstanceUID": scan.series_uid,
            "SeriesNumber": scan.number,
            "AcquisitionNumber": 1,
            "FrameOfReferenceUID": f"2.25.{scan.uid_root + 1023}",
            "ContrastBolusAgent": contrast_agent(scan),
            "NumberOfTemporalPositions": 1,
        }
    )


def contrast_agent(scan: Scan) -> str | None:
    """The agent's brand as the site writes it; None without contrast."""
    return AGENTS.get(scan.study.scanner.language, "Clariscan") if scan.has_contrast else None


def image_pixel(rows: int) -> DicomJson:
    """The image pixel module (PS3.3 C.7.6.3), without the pixels."""
    return attributes(
        {
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "Rows": rows,
            "Columns": rows,
            "BitsAllocated": 16,
            "BitsStored": 12,
            "HighBit": 11,
            "PixelRepresentation": 0,
        }
    )


def scanning_sequence(scan: Scan) -> tuple[str, ...]:
    """ScanningSequence (0018,0020), from the kind of sequence."""
    match scan.protocol.kind:
        case "tse":
            return ("SE",)
        case "ir_tse":
            return ("SE", "IR")
        case "mprage":
            return ("GR", "IR")
        case "epi":
            return ("EP",)
        case _:
            return ("GR",)


def mr_elements(scan: Scan) -> DicomJson:
    """The MR Image module (PS3.3 C.8.3.1) in classic form, less what the vendors write apart."""
    protocol = scan.protocol
    frequency, phase = protocol.matrix_frequency, protocol.matrix_phase
    column = protocol.phase_direction == "COL"
    values: dict[str, Any] = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
        "ScanningSequence": scanning_sequence(scan),
        "SequenceVariant": _sequence_variant(scan),
        "MRAcquisitionType": "3D" if protocol.partitions else "2D",
        "AngioFlag": "N",
        "SliceThickness": protocol.slice_thickness_mm,
        "SpacingBetweenSlices": protocol.slice_thickness_mm + protocol.slice_gap_mm,
        "RepetitionTime": scan.tr_ms,
        "EchoTime": protocol.te_ms,
        "InversionTime": protocol.ti_ms,
        "NumberOfAverages": None if scan.omits_nex else scan.nex,
        "ImagingFrequency": scan.study.scanner.larmor_mhz,
        "ImagedNucleus": "1H",
        "EchoNumbers": 1,
        "MagneticFieldStrength": scan.study.scanner.field_strength_t,
        "EchoTrainLength": protocol.echo_train,
        "PercentSampling": percent_sampling(scan),
        "PercentPhaseFieldOfView": 100,
        "PixelBandwidth": protocol.bandwidth_hz,
        "ReceiveCoilName": scan.study.scanner.coils[scan.study.exam.coil],
        "TransmitCoilName": "Body",
        "AcquisitionMatrix": (frequency, 0, 0, phase) if column else (0, frequency, phase, 0),
        "InPlanePhaseEncodingDirection": protocol.phase_direction,
        "FlipAngle": protocol.flip_deg,
        "VariableFlipAngleFlag": "N",
        "SAR": round(0.2 + 0.1 * scan.study.scanner.field_strength_t, 4),
    }
    return attributes(values)


def _sequence_variant(scan: Scan) -> tuple[str, ...]:
    # PS3.3 C.8.3.1.1.3; Canon does not tell
    tells = scan.phase_oversampling > 0 and scan.study.scanner.vendor != "canon"
    oversampled = ("OSP",) if tells else ()
    return ("SK", "SP", *oversampled)


def percent_sampling(scan: Scan) -> float:
    """Phase over frequency lines in per cent, for a square field of view."""
    return round(100 * scan.protocol.matrix_phase / scan.protocol.matrix_frequency, 3)

"""A scan as MR Image Storage: one template a series, a few fields an image."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Final

from protocol_assets.simulator import canon, ge, geometry, header, philips, siemens
from protocol_assets.simulator.dicom_json import DicomJson, attributes, clock, element, ordered
from protocol_assets.simulator.scan import Scan

VENDORS: Final[dict[str, ModuleType]] = {
    "siemens": siemens,
    "ge": ge,
    "philips": philips,
    "canon": canon,
}

RAW_DATA_STORAGE: Final = "1.2.840.10008.5.1.4.1.1.66"


def bulk_data(base: str, scan: Scan, instance_uid: str, vr: str = "OW") -> dict[str, str]:
    """Pixel data as a reference (PS3.18 F.2.6), relative where `base` is empty."""
    return {
        "vr": vr,
        "BulkDataURI": f"{base}/studies/{scan.study.study_uid}/series/{scan.series_uid}"
        f"/instances/{instance_uid}/bulk/7FE00010",
    }


def encode_classic(scan: Scan, base: str = "") -> Iterator[DicomJson]:
    """The instances of a scan as single-frame images in its vendor's manner.

    Args:
        scan: A scan with images (any purpose but a report).
        base: Root of the DICOMweb service, for BulkDataURI.
    """
    vendor = VENDORS[scan.study.scanner.vendor]
    template = _template(scan, vendor)
    digits = header.TIME_DIGITS[scan.study.scanner.vendor]
    slices = geometry.slices(scan)
    for image, place in enumerate(slices):
        uid = scan.instance_uid(image)
        moment = scan.study.moment(vendor.acquisition_time_s(scan, image))
        time = element("TM", clock(moment, digits))
        # keys exist in the template, so that the tags stay in ascending order
        instance = template.copy()
        instance["00080018"] = {"vr": "UI", "Value": [uid]}
        instance["00080032"] = time
        instance["00080033"] = time
        instance["00200013"] = {"vr": "IS", "Value": [image + 1]}
        instance["00200032"] = {"vr": "DS", "Value": list(place.position)}
        instance["00200037"] = {"vr": "DS", "Value": list(place.orientation)}
        instance["00201041"] = {"vr": "DS", "Value": [place.location]}
        b_value = scan.b_value(image)
        if b_value is not None and "00189087" in template:
            instance["00189087"] = {"vr": "FD", "Value": [b_value]}
        instance["7FE00010"] = bulk_data(base, scan, uid)
        yield instance
    if scan.has_raw_object:
        yield _raw_object(scan, len(slices))


def _template(scan: Scan, vendor: ModuleType) -> DicomJson:
    rows = scan.protocol.matrix_frequency * vendor.ROWS_FACTOR
    spacing = scan.protocol.fov_mm / rows
    per_image = attributes(
        {
            "SOPInstanceUID": "",
            "AcquisitionTime": "",
            "ContentTime": "",
            "InstanceNumber": 0,
            "ImagePositionPatient": 0,
            "ImageOrientationPatient": 0,
            "SliceLocation": 0,
            "PixelSpacing": (round(spacing, 6), round(spacing, 6)),
            "PixelData": 0,
        }
    )
    if scan.protocol.b_value and scan.study.scanner.vendor != "siemens":
        per_image |= attributes({"DiffusionBValue": 0})
    template = ordered(
        header.study_elements(scan.study),
        header.series_elements(scan),
        header.mr_elements(scan),
        header.image_pixel(rows),
        per_image,
        vendor.series_elements(scan),
    )
    match scan.defect:
        case "text_number":
            template["00180095"] = {"vr": "DS", "Value": ["abc"]}
        case "empty_element":
            template["00181314"] = {"vr": "DS"}
    return template


def _raw_object(scan: Scan, instance: int) -> DicomJson:
    return ordered(
        header.study_elements(scan.study),
        header.series_elements(scan),
        attributes(
            {
                "SOPClassUID": RAW_DATA_STORAGE,
                "SOPInstanceUID": scan.instance_uid(instance),
                "SeriesNumber": scan.number * 100 + 1,
                "InstanceNumber": 0,
            }
        ),
    )

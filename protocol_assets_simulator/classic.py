"""A scan as MR Image Storage: one template a series, a few fields an image."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Final

import orjson

from protocol_assets_simulator import canon, ge, geometry, header, hitachi, philips, siemens, uih
from protocol_assets_simulator.dicom_json import (
    DicomJson,
    attributes,
    clock,
    element,
    ordered,
    serialised,
)
from protocol_assets_simulator.scan import Scan

VENDORS: Final[dict[str, ModuleType]] = {
    "siemens": siemens,
    "ge": ge,
    "philips": philips,
    "canon": canon,
    "hitachi": hitachi,
    "uih": uih,
}

RAW_DATA_STORAGE: Final = "1.2.840.10008.5.1.4.1.1.66"

# places in the template for what differs between images, so that the tags stay in order
_PER_IMAGE: Final = attributes(
    dict.fromkeys(
        (
            "SOPInstanceUID",
            "AcquisitionDate",
            "ContentDate",
            "AcquisitionTime",
            "ContentTime",
            "InstanceNumber",
            "ImagePositionPatient",
            "ImageOrientationPatient",
            "SliceLocation",
            "PixelData",
        ),
        0,
    )
)
_B_VALUE: Final = attributes({"DiffusionBValue": 0})


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
    template = _template(scan)
    for variation in _variations(scan, base, template):
        yield template | variation
    if scan.has_raw_object:
        yield _raw_object(scan, scan.images)


def serialise_classic(scan: Scan, base: str = "") -> Iterator[bytes]:
    """The JSON text of the same instances."""
    template = _template(scan)
    yield from serialised(template, _variations(scan, base, template))
    if scan.has_raw_object:
        yield orjson.dumps(_raw_object(scan, scan.images))


def _variations(scan: Scan, base: str, template: DicomJson) -> Iterator[DicomJson]:
    """The elements that differ between the images; each has its place in the template."""
    vendor = VENDORS[scan.study.scanner.vendor]
    digits = header.TIME_DIGITS[scan.study.scanner.vendor]
    has_b_value = "00189087" in template and scan.protocol.b_value is not None
    several = siemens.measurements(scan)
    varies_nex = scan.defect == "nex_in_one_image" and "00180083" in template
    places = geometry.slices(scan)
    for image in scan.kept_images:
        place = places[image]
        uid = scan.instance_uid(image)
        moment = scan.study.moment(vendor.acquisition_time_s(scan, image))
        day, time = f"{moment:%Y%m%d}", {"vr": "TM", "Value": [clock(moment, digits)]}
        variation: DicomJson = {
            "00080018": {"vr": "UI", "Value": [uid]},
            "00080022": {"vr": "DA", "Value": [day]},
            "00080023": {"vr": "DA", "Value": [day]},
            "00080032": time,
            "00080033": time,
            "00200013": {"vr": "IS", "Value": [image + 1]},
            "00200032": {"vr": "DS", "Value": list(place.position)},
            "00200037": {"vr": "DS", "Value": list(place.orientation)},
            "00201041": {"vr": "DS", "Value": [place.location]},
            "7FE00010": bulk_data(base, scan, uid),
        }
        if has_b_value:
            variation["00189087"] = {"vr": "FD", "Value": [scan.b_value(image)]}
        if varies_nex and scan.study.scanner.vendor == "ge":
            variation |= ge.averages_elements(scan, scan.image_nex(image))
        elif varies_nex:
            variation["00180083"] = element("DS", scan.image_nex(image))
        if several > 1:
            variation["00200012"] = element("IS", 1 + image % several)
        yield variation


def _template(scan: Scan) -> DicomJson:
    vendor = VENDORS[scan.study.scanner.vendor]
    rows = scan.protocol.matrix_frequency * vendor.ROWS_FACTOR
    spacing = round(scan.protocol.fov_mm / rows, 6)
    template = ordered(
        header.study_elements(scan.study),
        header.series_elements(scan),
        header.mr_elements(scan),
        header.image_pixel(rows),
        attributes({"PixelSpacing": (spacing, spacing)}),
        _PER_IMAGE,
        _B_VALUE if scan.protocol.b_value and scan.study.scanner.vendor != "siemens" else {},
        vendor.series_elements(scan),
    )
    match scan.defect:
        case "text_number":
            template["00180095"] = {"vr": "DS", "Value": ["abc"]}
        case "empty_element":
            template["00181314"] = {"vr": "DS"}
        case "te_missing":
            del template["00180081"]
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

"""Headers in DICOM JSON, as few attributes as a rule asks for, through our columns to our facts."""

from __future__ import annotations

from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword

from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.modalities.mr.describe import describe_partition
from protocol_assets.modalities.mr.spec import MR

__all__ = ["Instance", "facts_of", "header", "private"]

Instance = dict[str, Any]

_MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"


def header(**values: object) -> Instance:
    """One MR image by DICOM keywords; a list is a multi-valued attribute, None is absent."""
    known: dict[str, object] = {
        "SOPClassUID": _MR_IMAGE,
        "Modality": "MR",
        "StudyInstanceUID": "1.2",
        "SeriesInstanceUID": "1.2.3",
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "NORM"],
        "StudyDate": "20240305",
        "AcquisitionDate": "20240305",
        "AcquisitionTime": "100000",
        **values,
    }
    found: Instance = {}
    for keyword, value in known.items():
        if value is not None:
            found |= _element(keyword, value)
    return found


def private(tag: str, creator: str, value: object, block: int = 0x10, vr: str = "LO") -> Instance:
    """A private attribute ``ggggxxee`` in a block of its creator."""
    several = value if isinstance(value, list) else [value]
    return {
        f"{tag[:4]}00{block:02X}": {"vr": "LO", "Value": [creator]},
        f"{tag[:4]}{block:02X}{tag[6:]}": {"vr": vr, "Value": several},
    }


def facts_of(*instances: Instance, slices: int = 1) -> dict[str, Any]:
    """The columns and facts of one series, alone in its partition.

    Args:
        instances: Its images.
        slices: How many slices one image stands for, where there is only one.
    """
    images = list(instances)
    if slices > 1:
        places = ([0.0, 0.0, 5.0 * place] for place in range(slices))
        images = [instances[0] | _element("ImagePositionPatient", place) for place in places]
    (row,) = flatten_study(images, MR.series_columns).rows
    (facts,) = describe_partition([row])
    return {**row, **facts}


def _element(keyword: str, value: object) -> Instance:
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    several = value if isinstance(value, list) else [value]
    return {f"{tag:08X}": {"vr": dictionary_VR(tag), "Value": several}}

"""What pydicom reads in real files: the truth that ``series`` is compared with.

Shares nothing with the package: no column specification, no JSON, no paths.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pydicom import Dataset

__all__ = ["PARAMETERS", "SCAN_TIMES", "parameter", "scan_time"]

_ENHANCED = ("1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4")

# Column of ``series``: keyword in classic objects, then sequence and keyword in enhanced ones.
PARAMETERS = {
    "NumberOfAverages": ("NumberOfAverages", "MRAveragesSequence", "NumberOfAverages"),
    "RepetitionTime": (
        "RepetitionTime",
        "MRTimingAndRelatedParametersSequence",
        "RepetitionTime",
    ),
    "EchoTime": ("EchoTime", "MREchoSequence", "EffectiveEchoTime"),
    "EchoTrainLength": (
        "EchoTrainLength",
        "MRTimingAndRelatedParametersSequence",
        "RFEchoTrainLength",
    ),
    "MagneticFieldStrength": ("MagneticFieldStrength", "", ""),
}
# Column of ``series``: private creator, group, element.
SCAN_TIMES = {
    "SiemensAcquisitionTimeText": ("SIEMENS MR HEADER", 0x0051, 0x0A),
    "GEAcquisitionDuration": ("GEMS_ACQU_01", 0x0019, 0x5A),
    "PhilipsScanDuration": ("Philips MR Imaging DD 001", 0x2005, 0x33),
}


def parameter(headers: Iterable[Dataset], column: str) -> Counter[float]:
    """How many frames of a series hold which value of an acquisition parameter."""
    keyword, sequence, grouped = PARAMETERS[column]
    values: Counter[float] = Counter()
    for header in headers:
        top = _number(header.get(keyword))
        if header.get("SOPClassUID") not in _ENHANCED:
            values.update([] if top is None else [top])
            continue
        shared = _grouped(_first(header, "SharedFunctionalGroupsSequence"), sequence, grouped)
        for frame in header.PerFrameFunctionalGroupsSequence:
            own = _grouped(frame, sequence, grouped)
            found = next((one for one in (own, shared, top) if one is not None), None)
            values.update([] if found is None else [found])
    return values


def scan_time(headers: Iterable[Dataset], column: str) -> Counter[str | float]:
    """The vendor's own scan times, wherever in the headers of a series they stand."""
    creator, group, element = SCAN_TIMES[column]
    found = [
        dataset[block.get_tag(element)].value
        for header in headers
        for dataset in _datasets(header)
        if (block := _block(dataset, group, creator)) is not None and element in block
    ]
    return Counter(
        value.strip() if isinstance(value, str) else float(value)
        for value in found
        if value not in (None, "")
    )


def _block(dataset: Dataset, group: int, creator: str) -> Any:
    try:
        return dataset.private_block(group, creator)
    except KeyError:
        return None


def _datasets(dataset: Dataset) -> Iterator[Dataset]:
    yield dataset
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from _datasets(item)


def _grouped(group: Dataset | None, sequence: str, keyword: str) -> float | None:
    item = None if group is None or not sequence else _first(group, sequence)
    return None if item is None else _number(item.get(keyword))


def _first(dataset: Dataset, sequence: str) -> Dataset | None:
    items = dataset.get(sequence)
    return items[0] if items else None


def _number(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value)

"""What the headers of one series say, read with pydicom alone: no column, path or rule of ours."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from pydicom import Dataset

from tests.integration.header import parameter, scan_time

__all__ = ["expected", "formula_table", "stated_time"]

_TA = re.compile(r"TA:? *(?:(?P<m>\d+):(?P<s>\d+)|(?P<f>\d+\.\d+))(?:\*(?P<n>\d+))?")


def expected(headers: Sequence[Dataset]) -> dict[str, float | None]:
    """Averages, TR, TE, field strength and train length of a series: mode, None where absent."""
    values = {
        "nex": _mode(parameter(headers, "NumberOfAverages")) or _mode(_philips_nsa(headers)),
        "tr_ms": _mode(parameter(headers, "RepetitionTime")),
        "te_ms": _mode(parameter(headers, "EchoTime")),
        "field_strength_t": _mode(parameter(headers, "MagneticFieldStrength")),
        "echo_train_length": _mode(parameter(headers, "EchoTrainLength")),
    }
    if values["echo_train_length"] == 0:
        values["echo_train_length"] = 1.0 if _is_gradient_echo(headers[0]) else None
    field = values["field_strength_t"]
    if field is not None and field > 20:
        values["field_strength_t"] = field / 10_000
    return values


def stated_time(headers: Sequence[Dataset]) -> tuple[str, float] | None:
    """Method and seconds of the first vendor's field that holds a possible scan time."""
    tr = (_mode(parameter(headers, "RepetitionTime")) or 0) / 1000
    fields = [
        ("acquisition_duration", _mode(_top(headers, "AcquisitionDuration"))),
        ("ge_private", _scaled(_mode(scan_time(headers, "GEAcquisitionDuration")), 1e-6, 3)),
        ("philips_private", _mode(scan_time(headers, "PhilipsScanDuration"))),
        ("siemens_text", _ta(_mode(scan_time(headers, "SiemensAcquisitionTimeText")))),
    ]
    for method, seconds in fields:
        if seconds is not None and seconds >= 1 and seconds + 1 > tr:
            return method, seconds
    return None


def formula_table(rows: Iterable[tuple[tuple[str, ...], Any, float]]) -> dict[Any, list[float]]:
    """Prints the formula against the field by group; gives the ratios.

    Args:
        rows: Source, vendor, family and dimension; seconds by the formula, seconds stated.
    """
    ratios: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
    for group, formula, stated in rows:
        ratios[group].append(formula / stated)
    print(f"\n{'source, vendor, family, dimension':44} {'n':>4} {'median':>7} {'within 20 %':>12}")
    for group, found in sorted(ratios.items()):
        within = sum(abs(ratio - 1) <= 0.2 for ratio in found)
        print(f"{', '.join(group):44} {len(found):4} {median(found):7.3f} {within:12}")
    return dict(ratios)


def _mode(values: Counter[Any]) -> Any:
    return min(values, key=lambda value: (-values[value], value), default=None)


def _top(headers: Iterable[Dataset], keyword: str) -> Counter[float]:
    return Counter(
        float(header[keyword].value)
        for header in headers
        if keyword in header and header[keyword].value not in (None, "")
    )


def _philips_nsa(headers: Iterable[Dataset]) -> Counter[float]:
    found: Counter[float] = Counter()
    for header in headers:
        try:
            block = header.private_block(0x2001, "Philips Imaging DD 001")
        except KeyError:
            continue
        if 0x88 in block and block[0x88].value not in (None, ""):
            found[float(block[0x88].value)] += 1
    return found


def _scaled(value: Any, factor: float, digits: int) -> float | None:
    return None if value is None else round(float(value) * factor, digits)


def _ta(text: Any) -> float | None:
    match = _TA.fullmatch(str(text or "").strip())
    if match is None:
        return None
    one = float(match["f"]) if match["f"] else int(match["m"]) * 60 + int(match["s"])
    return round(one * int(match["n"] or 1), 3)


def _is_gradient_echo(header: Dataset) -> bool:
    sequence = header.get("ScanningSequence") or []
    sequence = [sequence] if isinstance(sequence, str) else list(sequence)
    return (
        bool({"GR", "EP"} & set(sequence))
        or header.get("EchoPulseSequence") == "GRADIENT"
        or header.get("EchoPlanarPulseSequence") == "YES"
    )

"""Scan time of a series: a ladder of six methods, each value with its method and a confidence.

1. ``acquisition_duration``, 2. ``ge_private``, 3. ``philips_private``: durations the scanner
   states; units in ``vendors_durations.csv``.
4. ``siemens_text``: the ``TA`` text.
5. ``formula``: from repetition time, phase lines and averages (``scan_time_formula``).
6. ``next_start``: time to the next start in the exam, an upper bound (``protocols.exam``).

Never the span of Acquisition Time over a series: it is zero in half of real series, and close to
the vendor's figure in one of forty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.vendors.averages import Averages
from protocol_assets.vendors.row import Row, number, positive, text
from protocol_assets.vendors.scan_time_formula import formula_time

__all__ = ["ScanTime", "scan_time", "siemens_seconds"]

# The plausible range in seconds; outside it a value is kept with low confidence.
_PLAUSIBLE = (1.0, 1800.0)
# No series outlasts the longest credible exam (3 h): such a value has another unit or is broken.
_IMPOSSIBLE_ABOVE = 10_800.0
# Repetition times that may judge a scan time, in ms.
_CREDIBLE_TR = (2.0, 20_000.0)
_TA = re.compile(r"(?:TA)?\s*:?\s*(\d+(?::\d+){0,2}(?:\.\d*)?)\s*(?:\*\s*(\d+))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ScanTime:
    """Scan time in seconds, the rung of the ladder it comes from, and the confidence in it."""

    seconds: float
    method: str
    confidence: str


def scan_time(
    row: Row,
    *,
    vendor: str | None,
    family: str | None,
    dimension: str | None,
    averages: Averages,
    acceleration: tuple[float | None, float | None],
) -> ScanTime | None:
    """Scan time of one series by the first of methods 1 to 5 that gives a possible value."""
    stated = _stated(row, vendor, dimension) or _siemens_text(row, family, dimension)
    if stated is not None:
        return stated
    computed = formula_time(
        row,
        vendor=vendor,
        family=family,
        dimension=dimension,
        averages=averages,
        acceleration=acceleration,
    )
    if computed is None or not 0 < computed[0] <= _IMPOSSIBLE_ABOVE:
        return None
    seconds, confidence = computed
    return ScanTime(round(seconds, 3), "formula", confidence if _is_plausible(seconds) else "low")


@lru_cache(maxsize=65536)
def siemens_seconds(value: str) -> tuple[float, int] | None:
    """Seconds of one measurement and the number of measurements in a Siemens ``TA`` text.

    ``TA 06:00`` is 6 minutes, ``TA 33.00`` and ``TA: 21.00`` are seconds, ``TA 03.82*9`` is nine
    measurements of 3.82 s, ``TA 01:02:03`` holds hours. None for any other text.
    """
    match = _TA.fullmatch(value.strip())
    if match is None or len(value) > 64:
        return None
    seconds = 0.0
    for part in match[1].split(":"):
        seconds = seconds * 60 + float(part)
    return seconds, int(match[2] or 1)


def _stated(row: Row, vendor: str | None, dimension: str | None) -> ScanTime | None:
    for method, column, candidates, decimals in _durations(vendor, dimension):
        value = positive(row, column)
        if value is None:
            continue
        for candidate, unit in enumerate(candidates):
            seconds = round(value * unit, decimals)
            if not _is_possible(row, seconds):
                continue
            if _is_plausible(seconds):
                return ScanTime(seconds, method, "medium" if candidate else "high")
            if len(candidates) == 1:
                return ScanTime(seconds, method, "low")
    return None


def _siemens_text(row: Row, family: str | None, dimension: str | None) -> ScanTime | None:
    value = text(row, "SiemensAcquisitionTimeText")
    parsed = None if value is None else siemens_seconds(value)
    if parsed is None:
        return None
    one, measurements = parsed
    seconds = round(one * measurements, 3)
    # EPI shows TA 00.01 whatever the scan took: no measurement takes less than a second.
    if seconds < _PLAUSIBLE[0] or not _is_possible(row, seconds):
        return None
    # The text is the time of one measurement, and sound for spin echo and 3D only. Siemens numbers
    # the measurements in Acquisition Number.
    repeated = (
        measurements > 1
        or (number(row, "NumberOfTemporalPositions") or 1) > 1
        or (number(row, "AcquisitionNumber_distinct") or 1) > 1
    )
    sound = (family in ("se", "tse") or dimension == "3d") and not repeated
    confidence = "high" if sound and _is_plausible(seconds) else "low"
    return ScanTime(seconds, "siemens_text", confidence)


def _is_possible(row: Row, seconds: float) -> bool:
    """Above zero, not beyond any exam, and not shorter than one repetition.

    Siemens cuts whole seconds off (``TA 06.00`` at a repetition time of 6.1 s), hence the second.
    """
    if not 0 < seconds <= _IMPOSSIBLE_ABOVE:
        return False
    tr = number(row, "RepetitionTime")
    if tr is None or not _CREDIBLE_TR[0] <= tr <= _CREDIBLE_TR[1]:
        return True
    return seconds + 1 > tr / 1000


def _is_plausible(seconds: float) -> bool:
    return _PLAUSIBLE[0] <= seconds <= _PLAUSIBLE[1]


@cache
def _durations(
    vendor: str | None, dimension: str | None
) -> tuple[tuple[str, str, tuple[float, ...], int], ...]:
    """Method, column, candidate seconds per unit and decimals: the closest row of each column."""
    closest: dict[str, tuple[int, dict[str, str]]] = {}
    for row in read_table("vendors_durations.csv"):
        if row["vendor"] not in ("", vendor) or row["dimension"] not in ("", dimension):
            continue
        closeness = bool(row["vendor"]) * 2 + bool(row["dimension"])
        if closeness >= closest.get(row["column"], (-1, row))[0]:
            closest[row["column"]] = (closeness, row)
    return tuple(
        (
            row["method"],
            row["column"],
            tuple(float(unit) for unit in row["seconds_per_unit"].split()),
            int(row["decimals"]),
        )
        for _, row in closest.values()
    )

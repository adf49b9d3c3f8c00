"""Scan time of a series: a ladder of six methods, each value with its method and a confidence.

1. ``acquisition_duration``, 2. ``ge_private``, 3. ``philips_private``: durations the scanner
   states; units in ``vendors_durations.csv``.
4. ``siemens_text``: the ``TA`` text.
5. ``formula``: from repetition time, phase lines and averages (``scan_time_formula``).
6. ``next_start``: time to the next start in the exam, an upper bound (``protocols.exam``).

The formula is computed also where a duration is stated: the two agree or disagree, and where they
disagree the confidence in the stated one falls by a step.

Never the span of Acquisition Time over a series: it is zero in half of real series, and close to
the vendor's figure in one of forty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.data.limits import plausible_range, read_limits
from protocol_assets.modalities.mr.vendors.averages import Averages
from protocol_assets.modalities.mr.vendors.packages import ONE_PACKAGE, SINGLE, Packages
from protocol_assets.modalities.mr.vendors.phase_lines import PhaseLines
from protocol_assets.modalities.mr.vendors.scan_time_formula import Formula, formula_time
from protocol_assets.modalities.shared.row import Row, number, positive, text

__all__ = ["PREPARATION", "TOLERANCE", "ScanTime", "scan_time", "siemens_seconds"]

TOLERANCE = 0.20
"""How far a stated scan time may lie from the formula's, as a share: judgement, for calibration
lines, dummy scans and preparation are in no standard attribute."""

PREPARATION = 3.0
"""Preparation before the first line, in s, which weighs in short scans only: judgement."""

# The plausible range in seconds; outside it a value is kept with low confidence.
_PLAUSIBLE = plausible_range("scan_time_s")
# No series outlasts the longest credible exam: such a value has another unit or is broken.
_IMPOSSIBLE_ABOVE = read_limits("exam_limits.csv")["longest_exam"].seconds
# Repetition times that may judge a scan time, in ms.
_CREDIBLE_TR = plausible_range("tr_ms")
_LOWERED = {"high": "medium", "medium": "low", "low": "low"}
_TA = re.compile(r"(?:TA)?\s*:?\s*(\d+(?::\d+){0,2}(?:\.\d*)?)\s*(?:\*\s*(\d+))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stated:
    """A duration that the scanner states.

    Attributes:
        seconds: The duration.
        method: The rung of the ladder.
        confidence: Confidence in it by itself.
        packages: How many packages of slices it holds, None where it does not say.
    """

    seconds: float
    method: str
    confidence: str
    packages: int | None = None


@dataclass(frozen=True, slots=True)
class ScanTime:
    """Scan time of one series.

    Attributes:
        seconds: Scan time; None where neither field nor formula gives a possible one.
        method: The rung of the ladder it comes from.
        confidence: ``high``, ``medium`` or ``low``.
        formula_s: What the parameters add up to, also where a field states the time.
        agreement: ``agrees`` or ``disagrees``; None where one of the two is missing, or where
            lines that the header leaves open explain the difference.
        ratio: A stated time that is sound by itself over the formula's with one package, where
            the formula counts phase lines alone; else None. The time of one package, where the
            scanner states how many there are.
        packages: How many packages of slices the time of ``ratio`` may hold.
        shots: Trains of echoes of one average in the formula of a 2D sequence.
        unrounded_shots: The same, where a train need not be a whole one.
    """

    seconds: float | None = None
    method: str | None = None
    confidence: str | None = None
    formula_s: float | None = None
    agreement: str | None = None
    ratio: float | None = None
    packages: Packages = ONE_PACKAGE
    shots: float | None = None
    unrounded_shots: float | None = None


def scan_time(
    row: Row,
    *,
    vendor: str | None,
    family: str | None,
    dimension: str | None,
    averages: Averages,
    acceleration: tuple[float | None, float | None],
    lines: PhaseLines,
) -> ScanTime:
    """Scan time of one series by the first of methods 1 to 5 that gives a possible value."""
    stated = _stated(row, vendor, dimension) or _siemens_text(row, family, dimension)
    formula = formula_time(
        row,
        vendor=vendor,
        family=family,
        dimension=dimension,
        averages=averages,
        acceleration=acceleration,
        lines=lines,
    )
    if formula is not None and not 0 < formula.seconds <= _IMPOSSIBLE_ABOVE:
        formula = None
    if stated is None:
        return ScanTime() if formula is None else _by_formula(formula)
    # Of a scanner that nobody has measured, the unit is an assumption.
    is_known = vendor not in (None, "other")
    confidence = stated.confidence if is_known else _LOWERED[stated.confidence]
    if formula is None:
        return ScanTime(stated.seconds, stated.method, confidence)
    one_package_s = stated.seconds / (stated.packages or 1)
    if stated.packages is not None:
        seconds = formula.one_package_s * stated.packages
        formula = replace(formula, seconds=seconds, packages=SINGLE)
    agreement = _agreement(stated.seconds, one_package_s, formula, lines)
    is_sound = stated.confidence != "low" and formula.counts_lines
    return ScanTime(
        stated.seconds,
        stated.method,
        _LOWERED[confidence] if agreement == "disagrees" else confidence,
        round(formula.seconds, 3),
        agreement,
        one_package_s / formula.one_package_s if is_sound else None,
        formula.packages,
        formula.shots,
        formula.unrounded_shots,
    )


def _by_formula(formula: Formula) -> ScanTime:
    seconds = round(formula.seconds, 3)
    confidence = formula.confidence if _is_plausible(seconds) else "low"
    return ScanTime(seconds, "formula", confidence, seconds, packages=formula.packages)


def _agreement(
    seconds: float, one_package_s: float, formula: Formula, lines: PhaseLines
) -> str | None:
    if abs(seconds - formula.seconds) <= PREPARATION:
        return "agrees"
    ratio = one_package_s / formula.one_package_s
    if any(formula.packages.explain(one, TOLERANCE) for one in (ratio, ratio * lines.full_field)):
        return "agrees"
    shortest, widest = lines.open_range
    is_open = shortest < widest and formula.counts_lines
    if is_open and shortest * (1 - TOLERANCE) <= ratio <= widest * (1 + TOLERANCE):
        return None
    return "disagrees"


@lru_cache(maxsize=65536)
def siemens_seconds(value: str) -> tuple[float, int] | None:
    """Seconds of one part and the number of parts in a Siemens ``TA`` text.

    ``TA 06:00`` is 6 minutes, ``TA 33.00`` and ``TA: 21.00`` are seconds, ``TA 03.82*9`` is nine
    parts of 3.82 s, ``TA 01:02:03`` holds hours. None for any other text.
    """
    match = _TA.fullmatch(value.strip())
    if match is None or len(value) > 64:
        return None
    seconds = 0.0
    for part in match[1].split(":"):
        seconds = seconds * 60 + float(part)
    return seconds, int(match[2] or 1)


def _stated(row: Row, vendor: str | None, dimension: str | None) -> Stated | None:
    for method, column, candidates, decimals in _durations(vendor, dimension):
        value = positive(row, column)
        if value is None:
            continue
        for candidate, unit in enumerate(candidates):
            seconds = round(value * unit, decimals)
            if not _is_possible(row, seconds):
                continue
            if _is_plausible(seconds):
                return Stated(seconds, method, "medium" if candidate else "high")
            if len(candidates) == 1:
                return Stated(seconds, method, "low")
    return None


def _siemens_text(row: Row, family: str | None, dimension: str | None) -> Stated | None:
    value = text(row, "SiemensAcquisitionTimeText")
    parsed = None if value is None else siemens_seconds(value)
    if parsed is None:
        return None
    one, parts = parsed
    seconds = round(one * parts, 3)
    # EPI shows TA 00.01 whatever the scan took: no measurement takes less than a second.
    if seconds < _PLAUSIBLE[0] or not _is_possible(row, seconds):
        return None
    # The text is the time of one measurement, and sound for spin echo and 3D only. Siemens numbers
    # the measurements in Acquisition Number.
    is_repeated = (number(row, "NumberOfTemporalPositions") or 1) > 1 or (
        number(row, "AcquisitionNumber_distinct") or 1
    ) > 1
    is_2d_spin_echo = family in ("se", "tse") and dimension == "2d"
    slices = positive(row, "ImagePositionPatient_distinct")
    # In one measurement of a 2D spin echo the parts are its concatenations (16 of 16 real series).
    has_packages = is_2d_spin_echo and not is_repeated and 1 < parts <= (slices or parts)
    is_sound = (family in ("se", "tse") or dimension == "3d") and not is_repeated
    is_sound = is_sound and (parts == 1 or has_packages)
    confidence = "high" if is_sound and _is_plausible(seconds) else "low"
    return Stated(seconds, "siemens_text", confidence, parts if has_packages else None)


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

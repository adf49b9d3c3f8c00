"""Scan time from the sequence's parameters, for headers that state no duration.

Repetition time x repetitions, where the phase lines are divided by the train length for spin-echo
trains only. Concatenations and dummy scans are in no standard attribute: no value here is better
than ``medium``. Textbook forms: 2D SE/TSE, sequential 2D GRE, 3D, magnetisation-prepared 3D, EPI.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from protocol_assets.data import read_table
from protocol_assets.vendors.averages import Averages
from protocol_assets.vendors.row import Row, number, positive
from protocol_assets.vendors.sequence import matrix

__all__ = ["formula_time"]

# A 2D gradient echo with a shorter TR (ms) cannot interleave slices: it takes them one by one.
_SEQUENTIAL_TR = 50.0
# A 3D gradient echo with a longer TR (ms) repeats a prepared train: its TR is the outer loop.
_PREPARED_TR = 500.0


@dataclass(frozen=True, slots=True)
class _Scan:
    """What the formulas need: TR in s, phase lines before parallel imaging, counts."""

    row: Row
    tr: float
    nex: float | None
    lines: float | None
    in_plane: float
    out_of_plane: float
    repeats: float
    is_certain: bool


def formula_time(
    row: Row,
    *,
    vendor: str | None,
    family: str | None,
    dimension: str | None,
    averages: Averages,
    acceleration: tuple[float | None, float | None],
) -> tuple[float, str] | None:
    """Seconds and confidence, None where a parameter is missing.

    An unknown number of averages gives None: absent is not 1. An unknown parallel imaging factor
    counts as 1 with low confidence, which makes the value an upper bound.
    """
    tr = positive(row, "RepetitionTime")
    if tr is None or family is None:
        return None
    lines, lines_are_certain = _phase_lines(row, vendor)
    in_plane, out_of_plane = acceleration
    repeats = max(number(row, "NumberOfTemporalPositions") or 1, 1)
    scan = _Scan(
        row=row,
        tr=tr / 1000,
        nex=averages.nex if (averages.distinct or 1) == 1 else None,
        lines=lines,
        in_plane=in_plane or 1,
        out_of_plane=out_of_plane or 1,
        repeats=repeats,
        is_certain=lines_are_certain and in_plane is not None and repeats == 1,
    )
    if family == "epi":
        return _epi(scan)
    if dimension == "3d":
        return _three_dimensional(scan, family)
    if dimension == "2d":
        return _spin_echo(scan, family) if family in ("se", "tse") else _gradient_echo(scan)
    return None


def _spin_echo(scan: _Scan, family: str) -> tuple[float, str] | None:
    train = 1.0 if family == "se" else positive(scan.row, "EchoTrainLength")
    if scan.nex is None or scan.lines is None or train is None:
        return None
    shots = math.ceil(scan.lines / (train * scan.in_plane))
    seconds = scan.tr * shots * scan.nex * scan.repeats
    return seconds, "medium" if scan.is_certain else "low"


def _gradient_echo(scan: _Scan) -> tuple[float, str] | None:
    if scan.nex is None or scan.lines is None:
        return None
    seconds = scan.tr * math.ceil(scan.lines / scan.in_plane) * scan.nex * scan.repeats
    if scan.tr * 1000 >= _SEQUENTIAL_TR:
        return seconds, "low"
    slices = positive(scan.row, "ImagePositionPatient_distinct")
    return None if slices is None else (seconds * slices, "low")


def _three_dimensional(scan: _Scan, family: str) -> tuple[float, str] | None:
    if scan.nex is None or scan.lines is None:
        return None
    if family == "gre" and scan.tr * 1000 >= _PREPARED_TR:
        outer = math.ceil(scan.lines / scan.in_plane)
        return scan.tr * outer * scan.nex * scan.repeats, "low"
    stated = positive(scan.row, "MRAcquisitionPhaseEncodingStepsOutOfPlane")
    # Classic headers hold no partitions; the slices stand in for them.
    partitions = stated or positive(scan.row, "ImagePositionPatient_distinct")
    train = positive(scan.row, "EchoTrainLength") if family == "tse" else 1.0
    if partitions is None or train is None:
        return None
    shots = math.ceil(scan.lines * partitions / (train * scan.in_plane * scan.out_of_plane))
    seconds = scan.tr * shots * scan.nex * scan.repeats
    return seconds, "medium" if scan.is_certain and stated is not None else "low"


def _epi(scan: _Scan) -> tuple[float, str] | None:
    """One shot a volume; diffusion averages every volume NEX times."""
    volumes = scan.repeats if scan.repeats > 1 else _volumes(scan.row)
    if volumes is None:
        return None
    if not positive(scan.row, "DiffusionBValue_max"):
        return scan.tr * volumes, "low"
    return None if scan.nex is None else (scan.tr * volumes * scan.nex, "low")


def _volumes(row: Row) -> float | None:
    frames = positive(row, "NumberOfFrames")
    slices = positive(row, "ImagePositionPatient_distinct")
    return None if frames is None or slices is None else math.ceil(frames / slices)


def _phase_lines(row: Row, vendor: str | None) -> tuple[float | None, bool]:
    column, is_certain = _steps().get(vendor or "other", ("", False))
    if column == "AcquisitionMatrix":
        return matrix(row)[1], is_certain
    return (positive(row, column) if column else None), is_certain


@cache
def _steps() -> dict[str, tuple[str, bool]]:
    return {
        row["vendor"]: (row["column"], row["reduced_by_parallel_imaging"] == "no")
        for row in read_table("vendors_phase_steps.csv")
    }

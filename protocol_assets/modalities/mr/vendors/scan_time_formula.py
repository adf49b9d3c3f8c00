"""Scan time from the sequence's parameters: for headers without a duration, and to check one.

Repetition time x repetitions, where the phase lines are divided by the train length for spin-echo
trains only. Dummy scans and calibration lines are in no standard attribute: no value here is
better than ``medium``. Textbook forms: 2D SE/TSE, sequential 2D GRE, 3D, magnetisation-prepared
3D, EPI.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from protocol_assets.modalities.mr.vendors.averages import Averages
from protocol_assets.modalities.mr.vendors.packages import SINGLE, Packages, packages
from protocol_assets.modalities.mr.vendors.phase_lines import PhaseLines
from protocol_assets.modalities.mr.vendors.sequence import lines_per_excitation
from protocol_assets.modalities.shared.row import Row, number, positive, tokens

__all__ = ["Formula", "formula_time"]

# A 2D gradient echo with a shorter TR (ms) cannot interleave slices: it takes them one by one.
_SEQUENTIAL_TR = 50.0
# A 3D gradient echo with a longer TR (ms) repeats a prepared train: its TR is the outer loop.
_PREPARED_TR = 500.0


@dataclass(frozen=True, slots=True)
class Formula:
    """What the parameters add up to.

    Attributes:
        seconds: Scan time with as many packages as the slices need at least.
        confidence: ``medium`` where every parameter is known, else ``low``.
        one_package_s: Scan time with one package.
        packages: How many packages there may be.
        counts_lines: Whether the time is proportional to the phase lines and nothing else is
            open, so that a stated time can judge them.
        shots: Trains of echoes of one average in one package of a 2D sequence; else None.
        unrounded_shots: The same, where a train need not be a whole one.
    """

    seconds: float
    confidence: str
    one_package_s: float
    packages: Packages
    counts_lines: bool
    shots: float | None = None
    unrounded_shots: float | None = None


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


def formula_time(
    row: Row,
    *,
    vendor: str | None,
    family: str | None,
    dimension: str | None,
    averages: Averages,
    acceleration: tuple[float | None, float | None],
    lines: PhaseLines,
) -> Formula | None:
    """Scan time by the formula of the sequence, None where a parameter is missing.

    An unknown number of averages gives None: absent is not 1. An unknown parallel imaging factor
    counts as 1, and lines that the header leaves open count as nominal, both with low confidence.
    """
    tr = positive(row, "RepetitionTime")
    if tr is None or family is None:
        return None
    in_plane, out_of_plane = acceleration
    scan = _Scan(
        row=row,
        tr=tr / 1000,
        nex=averages.nex if (averages.distinct or 1) == 1 else None,
        lines=lines.acquired or lines.nominal,
        in_plane=in_plane or 1,
        out_of_plane=out_of_plane or 1,
        repeats=max(number(row, "NumberOfTemporalPositions") or 1, 1),
    )
    found = _seconds(scan, vendor, family, dimension)
    if found is None:
        return None
    seconds, counts_lines = found
    is_interleaved = counts_lines and tr >= _SEQUENTIAL_TR
    need = packages(row, family, dimension) if is_interleaved else SINGLE
    is_certain = (
        counts_lines
        and family in ("se", "tse")
        and in_plane is not None
        and lines.acquired is not None
        and set(lines.open) <= {"lines_missing"}
        and scan.repeats == 1
        and need.least == 1
    )
    return Formula(
        seconds * need.least,
        "medium" if is_certain else "low",
        seconds,
        need,
        counts_lines,
        *(_trains(scan, family) if dimension == "2d" else ()),
    )


def _trains(scan: _Scan, family: str) -> tuple[float | None, float | None]:
    train = lines_per_excitation(scan.row, family)
    if train is None or not scan.lines:
        return None, None
    return _shots(scan, train), scan.lines / (train * scan.in_plane)


def _seconds(
    scan: _Scan, vendor: str | None, family: str, dimension: str | None
) -> tuple[float, bool] | None:
    """Seconds, and whether they count phase lines alone."""
    if family == "epi":
        seconds = _epi(scan)
        return None if seconds is None else (seconds, False)
    if scan.nex is None or scan.lines is None:
        return None
    if dimension == "3d":
        return _three_dimensional(scan, vendor, family)
    if dimension == "2d":
        return _gradient_echo(scan) if family == "gre" else _spin_echo(scan, family)
    return None


def _spin_echo(scan: _Scan, family: str) -> tuple[float, bool] | None:
    train = lines_per_excitation(scan.row, family)
    if train is None:
        return None
    return _repeated(scan, _shots(scan, train)), scan.repeats == 1


def _gradient_echo(scan: _Scan) -> tuple[float, bool] | None:
    seconds = _repeated(scan, _shots(scan, 1.0))
    if scan.tr * 1000 >= _SEQUENTIAL_TR:
        return seconds, scan.repeats == 1
    slices = positive(scan.row, "ImagePositionPatient_distinct")
    return None if slices is None else (seconds * slices, scan.repeats == 1)


def _three_dimensional(scan: _Scan, vendor: str | None, family: str) -> tuple[float, bool] | None:
    if family == "gre" and scan.tr * 1000 >= _PREPARED_TR:
        return _repeated(scan, _shots(scan, 1.0)), False
    if family == "gre" and vendor == "philips" and _is_turbo_field_echo(scan.row):
        return None
    stated = positive(scan.row, "MRAcquisitionPhaseEncodingStepsOutOfPlane")
    # Classic headers hold no partitions; the slices stand in for them.
    partitions = stated or positive(scan.row, "ImagePositionPatient_distinct")
    train = lines_per_excitation(scan.row, family)
    if partitions is None or train is None:
        return None
    shots = _shots(scan, train, partitions / scan.out_of_plane)
    return _repeated(scan, shots), stated is not None and scan.repeats == 1


def _shots(scan: _Scan, train: float, partitions: float = 1.0) -> int:
    return math.ceil((scan.lines or 0.0) * partitions / (train * scan.in_plane))


def _repeated(scan: _Scan, shots: int) -> float:
    return scan.tr * shots * (scan.nex or 1.0) * scan.repeats


def _is_turbo_field_echo(row: Row) -> bool:
    """Philips' TR is that of the echoes; what lies between the shots is in no attribute."""
    trains = (number(row, "EchoTrainLength"), number(row, "GradientEchoTrainLength"))
    return any((train or 0) > 1 for train in trains)


def _epi(scan: _Scan) -> float | None:
    """One shot a volume; diffusion averages every volume NEX times.

    Diffusion: TR x sum over b of directions x NEX, which is TR x volumes x NEX where every
    direction is a volume of its own. Trace images hide their directions: as many volumes as
    b-values, and no direction told, leave the sum open.
    """
    row = scan.row
    volumes = scan.repeats if scan.repeats > 1 else _volumes(row)
    if volumes is None:
        return None
    if not positive(row, "DiffusionBValue_max"):
        return scan.tr * volumes
    b_values = number(row, "DiffusionBValue_distinct") or 1
    is_hidden = positive(row, "DiffusionGradientOrientation_distinct") is None
    if scan.nex is None or (is_hidden and volumes <= b_values):
        return None
    return scan.tr * volumes * scan.nex


def _volumes(row: Row) -> float | None:
    frames = positive(row, "NumberOfFrames")
    if "MOSAIC" in tokens(row, "ImageType"):
        return frames
    slices = positive(row, "ImagePositionPatient_distinct")
    return None if frames is None or slices is None else math.ceil(frames / slices)

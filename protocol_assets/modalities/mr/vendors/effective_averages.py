"""Effective averages: averages x acquired over nominal phase lines, parallel imaging included.

The one number that compares scanners: NEX 2 with parallel imaging factor 2 takes the time of NEX 1,
and so does NEX 1 with 100 % oversampling that of NEX 2. The scan time is proportional to it, which
makes a stated time the second witness: it must not contradict what the header tells, and where the
header leaves a share open (fold-over suppression, partial Fourier, the parallel imaging factor) it
can tell the share, as far as nothing else can explain it.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol_assets.modalities.mr.vendors.acceleration import compressed_sensing
from protocol_assets.modalities.mr.vendors.averages import Averages
from protocol_assets.modalities.mr.vendors.phase_lines import PhaseLines
from protocol_assets.modalities.mr.vendors.scan_time import PREPARATION, TOLERANCE, ScanTime
from protocol_assets.modalities.shared.row import Row

__all__ = ["LONGEST_PREPARATION_S", "Effective", "effective_averages"]

# A time this close above the formula's says that what the header leaves open is not there.
_SAME = 0.10
# And so does one that preparation explains, in s: shimming, noise and calibration scans. Read as
# oversampling it would make a scanner average more than it does.
LONGEST_PREPARATION_S = 10.0
# Below the formula's, and in a time without preparation (the Siemens text), only rounding lies.
_ROUNDING = 0.05
_WITHOUT_PREPARATION = frozenset({"siemens_text"})
# Of fewer trains of echoes, one is more than a tenth of the lines.
_FEWEST_TRAINS = 8.0
# From here on the time may be that of two packages of slices: twice, less the tolerance of time.
_TWO_PACKAGES = 1.8
# A parallel imaging factor that is not told is no larger.
_FASTEST = 8.0


@dataclass(frozen=True, slots=True)
class Effective:
    """Effective averages and how they are known.

    Attributes:
        value: None where neither header nor scan time tells.
        state: ``told``, ``from_scan_time``, or why there is no value; None where the
            series is no image.
    """

    value: float | None
    state: str | None


def effective_averages(
    row: Row,
    *,
    vendor: str | None,
    trajectory: str | None,
    averages: Averages,
    acceleration: tuple[float | None, float | None],
    lines: PhaseLines,
    time: ScanTime,
) -> Effective:
    """Effective averages of one series, cross-checked with its scan time.

    Args:
        row: The row of ``series``.
        vendor: Manufacturer as a term.
        trajectory: Rotating blades, radial and spiral scans have no phase lines to compare.
        averages: Number of averages.
        acceleration: Parallel imaging factors, None where not told.
        lines: Phase lines by the vendor's rule.
        time: Scan time with the formula's.
    """
    if averages.nex is None:
        return Effective(None, "nex_missing")
    if (averages.distinct or 1) > 1:
        return Effective(None, "nex_varies")
    if vendor is None or trajectory not in (None, "cartesian"):
        return Effective(None, "no_rule")
    in_plane, out_of_plane = acceleration
    share = lines.acquired / lines.nominal if lines.acquired and lines.nominal else 1.0
    factor = (in_plane or 1.0) * (out_of_plane or 1.0) * compressed_sensing(row)
    plain = averages.nex * share / factor
    is_counted = lines.counts_measured_lines and time.ratio is not None
    is_factor_open = in_plane is None and not is_counted
    left_open = (*lines.open, "acceleration_unknown") if is_factor_open else lines.open
    if left_open:
        return _from_time(plain, left_open, lines, time)
    return _checked(plain, averages, lines, time)


def _checked(plain: float, averages: Averages, lines: PhaseLines, time: ScanTime) -> Effective:
    """What the header says, unless the scan time contradicts it.

    That the matrix may hold the lines of the full field is no excuse for a factor of two where the
    averages themselves are an assumption.
    """
    if time.ratio is None:
        return Effective(round(plain, 4), "told")
    ratios = [time.ratio]
    if averages.source != "ge_no_phase_wrap" or lines.full_field > (1 + TOLERANCE) / 2:
        ratios.append(time.ratio * lines.full_field)
    if any(time.packages.explain(ratio, TOLERANCE) for ratio in ratios):
        return Effective(round(plain, 4), "told")
    return Effective(None, "time_disagrees")


def _from_time(
    plain: float, left_open: tuple[str, ...], lines: PhaseLines, time: ScanTime
) -> Effective:
    """What the scan time tells of the shares that the header leaves open.

    ``plain`` counts them as not there. Slices that need several packages make the time ambiguous,
    and so do slices that may need them, unless the time excludes a second package.
    """
    reason = left_open[0]
    ratio, need = time.ratio, time.packages
    if ratio is None or lines.nominal is None or need.least > 1:
        return Effective(None, reason)
    is_known_factor = "acceleration_unknown" not in left_open
    shortest, widest = lines.open_range
    lowest = shortest * (1 - TOLERANCE) / (1.0 if is_known_factor else _FASTEST)
    if not lowest <= ratio <= widest * (1 + TOLERANCE):
        return Effective(None, "time_disagrees")
    if not need.is_one and (not is_known_factor or ratio >= _TWO_PACKAGES * shortest):
        return Effective(None, reason)
    seconds = time.seconds or LONGEST_PREPARATION_S
    if "partial_fourier_unknown" not in left_open:
        is_plain = is_known_factor and _is_plain(ratio, seconds, time.method)
        scaled = 1.0 if is_plain else _of_whole_trains(ratio, time)
    elif "oversampling_unknown" in left_open:
        scaled = _of_whole_trains(ratio, time)
    else:
        # Half of the preparation on average.
        scaled = _fraction(ratio, PREPARATION / seconds / 2, lines)
    if scaled is None:
        return Effective(None, reason)
    return Effective(round(plain * scaled, 4), "from_scan_time")


def _of_whole_trains(ratio: float, time: ScanTime) -> float | None:
    """The share of lines in a scan time, in which the last train of echoes may be half empty.

    None where there are so few trains that one of them weighs too much. In a time that holds
    preparation the two errors are about as large, and of opposite sign.
    """
    if time.method not in _WITHOUT_PREPARATION or not time.shots or not time.unrounded_shots:
        return ratio
    trains = ratio * time.shots
    return None if trains < _FEWEST_TRAINS else trains / time.unrounded_shots


def _is_plain(ratio: float, seconds: float, method: str | None) -> bool:
    """Whether rounding or preparation explains how far a time lies from the formula's."""
    above = _SAME + LONGEST_PREPARATION_S / seconds
    if method in _WITHOUT_PREPARATION:
        above = _ROUNDING
    return 1 - _ROUNDING <= ratio <= 1 + above


def _fraction(ratio: float, added: float, lines: PhaseLines) -> float:
    """The partial Fourier fraction closest to a share of the scan time, in whole lines."""
    if not lines.fractions or not lines.acquired:
        return ratio
    nearest = min(lines.fractions, key=lambda fraction: abs(fraction + added - ratio))
    return round(lines.acquired * nearest) / lines.acquired

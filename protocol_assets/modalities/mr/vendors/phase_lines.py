"""Phase lines: how many an image needs, how many were measured for it, and what is not told.

What the vendors' step counts include: ``data/vendors_phase_steps.csv``; whether partial Fourier or
fold-over suppression is on: ``vendors_partial_fourier.csv`` and ``vendors_fold_over.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocol_assets.modalities.mr.vendors.averages import Averages
from protocol_assets.modalities.mr.vendors.sequence import matrix
from protocol_assets.modalities.shared.row import Row, positive, tokens
from protocol_assets.modalities.shared.vendor_rules import applicable, is_on

__all__ = ["PhaseLines", "phase_lines"]

# Steps within this share of the nominal lines are the nominal lines: 255 of 256, 78 of 80.
_ROUNDING = 0.03
# What may be open: the shortest partial Fourier, and fold-over of 100 %. More is possible, but
# would pass for a second package of slices, or averages that the header halves.
_SHORTEST_FOURIER = 0.5
_WIDEST_FOLD_OVER = 2.0


@dataclass(frozen=True, slots=True)
class PhaseLines:
    """Phase lines of one average, before parallel imaging.

    Attributes:
        nominal: Lines that the matrix needs; None where the header does not tell.
        acquired: Lines that were measured, as far as told: what is open counts as not there.
        open: States that say what the header leaves open, the weightiest first.
        full_field: Nominal lines over the lines of the full field of view, where it is not told
            which of the two the matrix holds.
        oversampling_percent: Added over nominal lines; None where not told.
        no_phase_wrap: Whether fold-over suppression of unknown cost is on; None where not told.
        partial_fourier: Measured share of the lines under partial Fourier; None where not told.
        fractions: The shares that the scanner offers, where only some are possible.
        counts_measured_lines: Whether the acquired lines are those after parallel imaging, whose
            factor is not known.
    """

    nominal: float | None
    acquired: float | None
    open: tuple[str, ...]
    full_field: float
    oversampling_percent: float | None
    no_phase_wrap: bool | None
    partial_fourier: float | None
    fractions: tuple[float, ...] = ()
    counts_measured_lines: bool = False

    @property
    def open_range(self) -> tuple[float, float]:
        """Least and greatest that what is open may add up to, as a share of the acquired lines."""
        shortest = _SHORTEST_FOURIER if "partial_fourier_unknown" in self.open else 1.0
        widest = _WIDEST_FOLD_OVER if "oversampling_unknown" in self.open else 1.0
        return shortest, widest


def phase_lines(
    row: Row,
    *,
    vendor: str | None,
    encoding: str | None,
    family: str | None,
    averages: Averages,
    in_plane: float | None = None,
) -> PhaseLines:
    """The phase lines of one series by its vendor's rule.

    Args:
        row: The row of ``series``.
        vendor: Manufacturer as a term.
        encoding: The rules that the header follows (``layout.header_layout``).
        family: Pulse sequence family.
        averages: Number of averages.
        in_plane: Parallel imaging factor in plane, None where not known.
    """
    rule = applicable("vendors_phase_steps.csv", vendor=vendor or "other", encoding=encoding)
    how = rule[0] if rule else applicable("vendors_phase_steps.csv", vendor="other")[0]
    is_partial = is_on(
        row, "vendors_partial_fourier.csv", vendor=vendor, encoding=encoding, family=family
    )
    is_wrapped = is_on(row, "vendors_fold_over.csv", vendor=vendor)
    nominal, full_field = matrix(row)[1], 1.0
    is_matrix = how["acquired"] == "AcquisitionMatrix"
    acquired = nominal if is_matrix else positive(row, how["acquired"])
    is_reduced = how["reduced_by_parallel_imaging"] == "yes"
    if is_reduced and acquired is not None:
        acquired *= in_plane or 1.0
    if how["oversampling"] == "in_averages":
        full_field = min((positive(row, "PercentPhaseFieldOfView") or 100.0) / 100, 1.0)
        if nominal is not None:
            nominal = acquired = nominal * full_field
        return PhaseLines(
            nominal,
            acquired,
            ("partial_fourier_unknown",) if is_partial and family == "epi" else (),
            full_field,
            None,
            is_wrapped,
            _in_averages(averages, is_partial),
        )
    share = acquired / nominal if acquired and nominal else None
    if how["oversampling"] == "in_steps":
        found = _in_steps(row, nominal, acquired, share, is_partial)
        is_open = family == "epi" or bool(is_partial)
        return _before_parallel_imaging(found, in_plane, is_open) if is_reduced else found
    return _beside_steps(how, nominal, acquired, share, is_partial, is_wrapped)


def _in_steps(
    row: Row,
    nominal: float | None,
    acquired: float | None,
    share: float | None,
    is_partial: bool | None,
) -> PhaseLines:
    """Siemens classic, Canon: one count that holds both."""
    oversampling = partial = None
    if share is not None and not is_partial:
        oversampling = _percent(share)
        partial = 1.0 if share > 1 - _ROUNDING else None
    elif share is not None and "OSP" not in tokens(row, "SequenceVariant") and share < 1:
        oversampling, partial = 0.0, round(share, 4)
    left_open: tuple[str, ...] = () if share is not None else ("lines_missing",)
    if acquired is None:
        left_open += ("oversampling_unknown", "partial_fourier_unknown")
    return PhaseLines(nominal, acquired, left_open, 1.0, oversampling, None, partial)


def _before_parallel_imaging(
    found: PhaseLines, in_plane: float | None, is_open: bool
) -> PhaseLines:
    """Steps that count what was measured: without the factor, what was added is not known.

    Args:
        found: What the steps and the factor, where there is one, add up to.
        in_plane: Parallel imaging factor in plane.
        is_open: Whether partial Fourier may be on, of which nobody knows if the steps count it.
    """
    if is_open:
        return replace(found, open=(*found.open, "partial_fourier_unknown"))
    if in_plane is not None:
        return found
    return replace(
        found,
        oversampling_percent=None,
        partial_fourier=None,
        counts_measured_lines=found.acquired is not None,
    )


def _beside_steps(
    how: dict[str, str],
    nominal: float | None,
    acquired: float | None,
    share: float | None,
    is_partial: bool | None,
    is_wrapped: bool | None,
) -> PhaseLines:
    """Vendors whose steps hold neither for certain."""
    is_excess = share is not None and share > 1 + _ROUNDING
    is_cut = share is not None and share < 1 - _ROUNDING
    settles = how["oversampling"] == "told_or_excess"
    oversampling = partial = None
    found = []
    if share is None:
        found.append("lines_missing")
    if is_excess and settles and share is not None:
        oversampling = None if is_partial else _percent(share)
    elif is_wrapped is False and how["oversampling"] != "open":
        oversampling = 0.0
    else:
        found.append("oversampling_unknown")
    if is_partial is False:
        partial = 1.0
    elif is_partial and is_cut and share is not None:
        partial = round(share, 4)
    elif is_partial:
        found.append("partial_fourier_unknown")
    return PhaseLines(
        nominal,
        acquired,
        tuple(found),
        1.0,
        oversampling,
        is_wrapped if oversampling is None or not is_excess else False,
        partial,
        tuple(float(fraction) for fraction in how["fourier_fractions"].split()),
    )


def _in_averages(averages: Averages, is_partial: bool | None) -> float | None:
    """GE: the share that was measured is the NEX itself where that is below 1."""
    if averages.nex is not None and averages.nex < 1:
        return averages.nex
    return 1.0 if is_partial is False else None


def _percent(share: float) -> float:
    return round((share - 1) * 100, 1) if share > 1 + _ROUNDING else 0.0

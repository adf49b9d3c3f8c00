"""Describe the series of a partition by the protocol rules, so that one odd series fails alone.

All series are described together, because clocks, exams and repeats need the whole day. If that
fails, studies and series are tried one by one, and only those that fail are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from protocol_assets.faults import Fault, fault_place
from protocol_assets.modalities.spec import Modality

__all__ = ["DescribedSeries", "describe_series"]

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DescribedSeries:
    """Rows of ``series`` with their derived columns.

    Attributes:
        rows: In order; None if the rules failed.
        faults: Class and place of the error, by position of the row.
    """

    rows: tuple[dict[str, Any] | None, ...]
    faults: Mapping[int, str]

    @property
    def known(self) -> list[dict[str, Any]]:
        """The rows that could be described."""
        return [row for row in self.rows if row is not None]


def describe_series(
    modality: Modality, rows: Sequence[_Row], zone: dt.tzinfo | None = None
) -> DescribedSeries:
    """Describe the series of one partition.

    Args:
        modality: Whose rules describe them.
        rows: Rows of ``series``.
        zone: Time zone of the scanners; None if unknown.

    Raises:
        Fault: They cannot be described together although each study can alone.
    """
    described, fault = _try(modality, rows, zone)
    if not fault:
        return DescribedSeries(tuple(described), {})
    faults = dict(_find_faults(modality, rows, zone))
    rest = [row for index, row in enumerate(rows) if index not in faults]
    described, fault = _try(modality, rest, zone)
    if fault:
        raise Fault(f"the series of the day cannot be described together: {fault}")
    left = iter(described)
    found = tuple(None if index in faults else next(left) for index in range(len(rows)))
    return DescribedSeries(found, faults)


def _find_faults(
    modality: Modality, rows: Sequence[_Row], zone: dt.tzinfo | None
) -> Iterator[tuple[int, str]]:
    """Positions of the rows that cannot be described, study by study."""

    def study_of(index: int) -> str:
        return str(rows[index]["StudyInstanceUID"])

    for _, group in groupby(sorted(range(len(rows)), key=study_of), key=study_of):
        study = list(group)
        _, of_study = _try(modality, [rows[index] for index in study], zone)
        if not of_study:
            continue
        alone = {index: _try(modality, [rows[index]], zone)[1] for index in study}
        single = {index: fault for index, fault in alone.items() if fault}
        rest = [rows[index] for index in study if index not in single]
        is_enough = bool(single) and not _try(modality, rest, zone)[1]
        yield from (single if is_enough else dict.fromkeys(study, of_study)).items()


def _try(
    modality: Modality, rows: Sequence[_Row], zone: dt.tzinfo | None
) -> tuple[list[dict[str, Any]], str]:
    """The described rows; or class and place of the error if the rules failed."""
    try:
        derived = modality.describe(rows, zone)
    except (Fault, OSError, MemoryError):
        raise  # a failure of the machine, not of a series
    except Exception as error:
        return [], f"{type(error).__name__} {fault_place(error)}"
    return [{**row, **own} for row, own in zip(rows, derived, strict=True)], ""

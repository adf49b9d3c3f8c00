"""What changes have saved: only a verified change counts, the others are listed beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["UNCONFIRMED", "VERIFIED", "Savings", "count_by", "savings"]

Row = Mapping[str, Any]

VERIFIED: Final = "verified"
"""The only state of a change that is a success."""
UNCONFIRMED: Final = "time won, quality not confirmed"
"""The state of a change that saved time while the image quality is not confirmed."""


@dataclass(frozen=True, slots=True)
class Savings:
    """What some changes were expected to save and have saved.

    Attributes:
        changes: How many changes there are.
        verified: How many of them are verified.
        realised: Minutes per month that the verified changes save; 0 where none is verified, None
            where none of the verified reports its minutes.
        promised: Minutes per month that the verified changes were expected to save, None where
            none had an expectation.
        with_promise: How many of the verified changes had an expectation.
        unconfirmed: How many changes saved time, but wait for confirmation of the image quality.
        unconfirmed_minutes: Minutes per month of these, None where none reports them.
    """

    changes: int
    verified: int
    realised: float | None
    promised: float | None
    with_promise: int
    unconfirmed: int
    unconfirmed_minutes: float | None


def savings(changes: Sequence[Row]) -> Savings:
    """The savings of some changes.

    Args:
        changes: Rows of ``published_verification``.
    """
    verified = [row for row in changes if row["verification_state"] == VERIFIED]
    unconfirmed = [row for row in changes if row["verification_state"] == UNCONFIRMED]
    promises = [row for row in verified if row["promised_minutes_per_month"] is not None]
    return Savings(
        changes=len(changes),
        verified=len(verified),
        realised=_sum(verified, "realised_minutes_per_month") if verified else 0,
        promised=_sum(promises, "promised_minutes_per_month"),
        with_promise=len(promises),
        unconfirmed=len(unconfirmed),
        unconfirmed_minutes=_sum(unconfirmed, "realised_minutes_per_month"),
    )


def count_by(rows: Iterable[Row], name: str) -> dict[str, int]:
    """How many rows have which value, the most frequent first.

    Args:
        rows: Rows of a published table.
        name: Its column; rows without a value are left out.
    """
    counts = Counter(str(row[name]) for row in rows if row[name] is not None)
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _sum(rows: Sequence[Row], name: str) -> float | None:
    known = [row[name] for row in rows if row[name] is not None]
    return sum(known) if known else None

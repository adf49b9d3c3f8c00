"""Disclosure control: which rows of a closed period may be published, given earlier publications.

Somebody with all publications must not learn anything about fewer than ``K_PATIENTS`` patients: not
from a row, not from the difference of two versions of a row, and not from the fleet's days minus
the scanners' months (one hierarchy: fleet > scanner > protocol). A period is therefore published
once. It is corrected only if enough patients changed in every row that changes. If the difference
would reveal too few patients, the smallest scanner of the month is withheld as well.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS, disclosure_limit

__all__ = [
    "Decision",
    "Person",
    "Rows",
    "UnitKey",
    "decide",
    "patients_in",
    "tells_enough",
]

_MOST_COMPARED: Final = disclosure_limit("compared_rows")
"""If more rows of a unit than this changed, their sums are not compared and it stays."""

Decision = Literal["publish", "keep", "withhold"]


@dataclass(frozen=True, slots=True)
class Person:
    """The contribution of one person to a row.

    Attributes:
        is_patient: Whether the patient is known; unknown ones never count towards the minimum.
        units: Acquisitions or exams, which add up over rows.
        content: A text that changes when anything changes.
    """

    is_patient: bool
    units: int
    content: str


@dataclass(frozen=True, slots=True, order=True)
class UnitKey:
    """What is published as a whole: the fleet's day, or a scanner's month.

    Attributes:
        period: The day, or the first day of the month.
        device_key: The scanner; empty for the fleet.
    """

    period: dt.date
    device_key: str = ""

    @property
    def month(self) -> dt.date:
        """First day of the month."""
        return self.period.replace(day=1)


Rows = Mapping[tuple[str, str], Mapping[str, Person]]
"""The rows of a unit: measure (``acquisitions`` or ``exams``) and row key, to its persons."""

Units = Mapping[UnitKey, Rows]


def decide(
    now: Units, before: Units, is_settled: Callable[[UnitKey], bool]
) -> dict[UnitKey, Decision]:
    """Decide about every unit.

    Args:
        now: The units as they would be published today.
        before: The units as they were published last.
        is_settled: Whether a unit that was never published is complete.

    Returns:
        ``publish`` if it is new or may be corrected, ``keep`` if it stays as it was published (even
        if it no longer exists), ``withhold`` if it must wait.
    """
    decisions = {key: _by_itself(now.get(key), before.get(key)) for key in now.keys() | before}
    for key in now.keys() - before:
        if decisions[key] == "publish" and not is_settled(key):
            decisions[key] = "withhold"
    for month in {key.month for key in decisions}:
        _protect(month, decisions, now, before)
    return decisions


def tells_enough(now: Mapping[str, Person], before: Mapping[str, Person]) -> bool:
    """Whether two versions of one row differ by no patient, or by enough patients."""
    changed = _changed(now, before)
    return not changed or _is_crowd(changed)


def patients_in(persons: Mapping[str, Person]) -> int:
    """Known patients among them."""
    return sum(one.is_patient for one in persons.values())


def _by_itself(now: Rows | None, before: Rows | None) -> Decision:
    if before is None:
        is_enough = now is not None and all(patients_in(row) >= K_PATIENTS for row in now.values())
        return "publish" if now and is_enough else "withhold"
    if now is None or not all(patients_in(row) >= K_PATIENTS for row in now.values()):
        return "keep"
    return "publish" if now and _may_correct(now, before) else "keep"


def _may_correct(now: Rows, before: Rows) -> bool:
    """Whether no sum over rows differs between the two versions by too few patients.

    If units of a patient moved from one row to another, the sum of the two rows may reveal the few
    others that changed. Then every combination of rows is checked.
    """
    changes = {key: _changed(now.get(key, {}), before.get(key, {})) for key in now.keys() | before}
    changed = sorted(key for key, members in changes.items() if members)
    if not all(_is_crowd(changes[key]) for key in changed):
        return False
    moves = _moves(now, before, changed)
    if all(min(by_row.values()) >= 0 or max(by_row.values()) <= 0 for _, by_row in moves.values()):
        return True
    if len(changed) > _MOST_COMPARED:
        return False
    sums = (rows for size in range(2, len(changed) + 1) for rows in combinations(changed, size))
    return all(_tells_enough(moves, rows) for rows in sums)


Moves = Mapping[str, tuple[bool, Mapping[tuple[str, str], int]]]


def _moves(now: Rows, before: Rows, changed: Iterable[tuple[str, str]]) -> Moves:
    """By patient: whether it is a known one, and by how many units each row changed."""
    moves: defaultdict[str, tuple[bool, dict[tuple[str, str], int]]] = defaultdict(
        lambda: (False, {})
    )
    nobody = Person(is_patient=False, units=0, content="")
    for key in changed:
        new, old = now.get(key, {}), before.get(key, {})
        for member in new.keys() | old:
            after, earlier = new.get(member, nobody), old.get(member, nobody)
            if after.units != earlier.units:
                is_patient = after.is_patient or earlier.is_patient
                moves[member] = (is_patient, moves[member][1] | {key: after.units - earlier.units})
    return dict(moves)


def _tells_enough(moves: Moves, rows: Iterable[tuple[str, str]]) -> bool:
    chosen = set(rows)
    differing = {
        member: is_patient
        for member, (is_patient, by_row) in moves.items()
        if sum(units for key, units in by_row.items() if key in chosen)
    }
    return not differing or _is_crowd(differing)


def _changed(now: Mapping[str, Person], before: Mapping[str, Person]) -> dict[str, bool]:
    """The persons whose contribution changed, and whether they are known patients."""
    return {
        member: (now.get(member) or before[member]).is_patient
        for member in now.keys() | before
        if now.get(member) != before.get(member)
    }


def _is_crowd(persons: Mapping[str, bool]) -> bool:
    return sum(persons.values()) >= K_PATIENTS


def _protect(month: dt.date, decisions: dict[UnitKey, Decision], now: Units, before: Units) -> None:
    """Withhold, smallest first, until fleet minus scanners reveals nobody or enough patients."""
    keys = [key for key in decisions if key.month == month]
    while not _is_safe(_published(keys, decisions, now, before)):
        new = [key for key in keys if decisions[key] == "publish" and key not in before]
        corrected = [key for key in keys if decisions[key] == "publish" and key in before]
        if new:
            # The scanners' months first: people look at the fleet's days every day.
            least = min(new, key=lambda key: (not key.device_key, _size(now[key]), key))
            decisions[least] = "withhold"
        elif corrected:
            for key in corrected:
                decisions[key] = "keep"
        else:
            return


def _published(
    keys: Iterable[UnitKey], decisions: Mapping[UnitKey, Decision], now: Units, before: Units
) -> dict[UnitKey, Rows]:
    return {
        key: now[key] if decisions[key] == "publish" else before[key]
        for key in keys
        if decisions[key] != "withhold"
    }


def _is_safe(published: Units) -> bool:
    """Whether the fleet's days minus the scanners' months reveal nobody or enough patients."""
    scanners = {key: rows for key, rows in published.items() if key.device_key}
    if not scanners or len(scanners) == len(published):
        return True
    fleet = {key: rows for key, rows in published.items() if not key.device_key}
    for measure in ("acquisitions", "exams"):
        ours, theirs = _totals(fleet.values(), measure), _totals(scanners.values(), measure)
        differing = {
            member: is_patient
            for member, (is_patient, _) in (theirs | ours).items()
            if ours.get(member, (is_patient, 0))[1] != theirs.get(member, (is_patient, 0))[1]
        }
        if differing and not _is_crowd(differing):
            return False
    return True


def _totals(units: Iterable[Rows], measure: str) -> dict[str, tuple[bool, int]]:
    totals: defaultdict[str, tuple[bool, int]] = defaultdict(lambda: (False, 0))
    for rows in units:
        for (of, _), persons in rows.items():
            for member, one in persons.items() if of == measure else ():
                totals[member] = (one.is_patient, totals[member][1] + one.units)
    return dict(totals)


def _size(rows: Rows) -> int:
    return len({member for persons in rows.values() for member in persons})

"""The state of every cell: whole, refused or stale; what the facts lack; and the dead letters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.faults import Fault
from protocol_assets.ingest.attempts import Attempt, read_attempt
from protocol_assets.ingest.completeness import describe_shortfall
from protocol_assets.ingest.quarantine import LeftOut, left_out
from protocol_assets.ingest.versions import cell_versions, code_versions
from protocol_assets.lake.manifest import Manifest, StudyEntry, read_manifest
from protocol_assets.lake.parquet import DamagedPartError, part_versions, read_part
from protocol_assets.lake.zones import Cell, Lake
from protocol_assets.sources.rate_limit.pacing import study_subject
from protocol_assets.sources.rate_limit.store import read_waits

__all__ = [
    "CellState",
    "DeadLetter",
    "LeftOutObject",
    "cell_states",
    "dead_letters",
    "left_out_objects",
    "read_left_out",
]


@dataclass(frozen=True, slots=True)
class CellState:
    """One landed cell.

    Attributes:
        cell: The cell.
        landed: Studies landed.
        expected: Studies listed.
        shortfall: What is missing and why, in words; empty where it is complete.
        is_stale: Whether its facts are missing or were made by other versions than today's, and can
            be made anew.
        damage: Why its manifest cannot be read, in words; empty where it can.
        refusal: Why the rules of today refuse it; empty where they do not, or may not.
        left_out: What the facts lack of what has landed.
    """

    cell: Cell
    landed: int
    expected: int
    is_stale: bool
    damage: str = ""
    shortfall: str = ""
    refusal: str = ""
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def is_good(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.shortfall or self.is_stale or self.damage or self.refusal)

    @property
    def words(self) -> str:
        """The state in words."""
        parts = [self.damage] if self.damage else []
        if self.shortfall:
            parts.append(f"incomplete: {self.shortfall}; materialize it again")
        if self.refusal:
            parts.append(
                f"refused: {self.refusal}; correct it at the PACS and materialize it again"
            )
        if self.is_stale:
            parts.append("stale: run rebuild")
        if self.left_out.series:
            parts.append(self.left_out.words)
        return "; ".join(parts) or "good"


def cell_states(lake: Lake, pseudonyms: Pseudonyms | None) -> list[CellState]:
    """All landed cells, in order of day and PACS.

    Args:
        lake: The lake.
        pseudonyms: Of the key of now; without them a change of the key makes no cell stale.
    """
    now = cell_versions(pseudonyms) if pseudonyms else code_versions()
    states = []
    for cell in lake.landed_cells():
        try:
            manifest = read_manifest(lake, cell)
        except Fault as fault:
            states.append(CellState(cell, 0, 0, is_stale=False, damage=str(fault)))
            continue
        if manifest is not None:
            refusal = _refusal(read_attempt(lake, cell), now)
            states.append(
                CellState(
                    cell,
                    manifest.count("landed"),
                    manifest.expected,
                    # What the rules of today refuse, they refuse again when it is rebuilt.
                    is_stale=not refusal and _is_stale(lake, manifest, now),
                    shortfall=describe_shortfall(manifest),
                    refusal=refusal,
                    left_out=read_left_out(lake, cell),
                )
            )
    return states


def read_left_out(lake: Lake, cell: Cell) -> LeftOut:
    """What a cell's facts lack of what has landed; nothing where it has no quarantine."""
    try:
        return left_out(read_part(lake.quarantine(cell)))
    except (FileNotFoundError, DamagedPartError):
        return LeftOut()


@dataclass(frozen=True, slots=True)
class LeftOutObject:
    """An object that has landed and that the facts lack.

    Attributes:
        cell: The cell.
        study: Keyed study.
        series: Keyed series; empty where it is no single series.
        device: Keyed scanner; empty where it is not known.
        rule: Term of ``quarantine_rule``.
        detail: Place in the code where the rule applied, empty where there is none.
        instances: Instances of it.
    """

    cell: Cell
    study: str
    series: str
    device: str
    rule: str
    detail: str
    instances: int


def left_out_objects(lake: Lake, cells: Iterable[Cell]) -> list[LeftOutObject]:
    """Every object that has landed and that the facts lack, in order of day and PACS."""
    return [
        LeftOutObject(
            cell=cell,
            study=row["study_key"] or "",
            series=row["series_key"] or "",
            device=row["device_key"] or "",
            rule=row["rule"],
            detail=row["detail"] or "",
            instances=row["n_instances"] or 0,
        )
        for cell in sorted(cells)
        for row in read_part(lake.quarantine(cell)).to_pylist()
        if row["is_left_out"]
    ]


def _refusal(attempt: Attempt | None, now: dict[str, str]) -> str:
    """Why the cell was refused, where the same rules would refuse it again."""
    if attempt is None or not attempt.refusal:
        return ""
    is_of_today = all(now.get(name) == version for name, version in attempt.refused_by.items())
    return attempt.refusal if is_of_today else ""


def _is_stale(lake: Lake, manifest: Manifest, now: dict[str, str]) -> bool:
    cell = manifest.cell
    if manifest.purged and not lake.series(cell).exists():
        return False  # nothing is left that they could be made of
    return not now.items() <= _versions(lake.facts(cell)).items()


def _versions(part: Path) -> dict[str, str]:
    """The versions of a part; none where it is missing or cannot be read."""
    try:
        return part_versions(part)
    except (OSError, DamagedPartError):
        return {}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A study, or the listing of a day, that could not be had and will be tried again.

    Attributes:
        cell: The cell.
        name: Keyed name of the study; empty for a listing.
        stage: ``list``, ``retrieve`` or ``reconcile``.
        kind: Class of the error.
        status: HTTP status, None where there was none.
        tries: Tries in vain.
        first_seen: When it failed first, UTC (ISO 8601); empty for a listing.
        last_seen: When it failed last.
        waits_until: Until when the PACS asked to be left alone about it, UTC (ISO 8601); empty
            where it did not, or that is over.
    """

    cell: Cell
    name: str
    stage: str
    kind: str
    status: int | None
    tries: int
    first_seen: str
    last_seen: str
    waits_until: str = ""


def dead_letters(lake: Lake, now: dt.datetime | None = None) -> list[DeadLetter]:
    """All dead letters, in order of day and PACS.

    Args:
        lake: The lake.
        now: An aware time, to say which studies are waiting; none where nobody asks for that.
    """
    found = []
    waits: dict[str, dict[str, dt.datetime]] = {}
    for cell in lake.tried_cells():
        attempt = read_attempt(lake, cell)
        if attempt is not None and attempt.problem and not attempt.is_settled:
            last = attempt.recent[-1].isoformat(timespec="seconds")
            found.append(
                DeadLetter(
                    cell, "", "list", attempt.problem, attempt.status, attempt.failures, "", last
                )
            )
        try:
            manifest = read_manifest(lake, cell)
        except Fault:
            continue  # told as a cell
        letters = manifest.dead_letters if manifest else ()
        if letters and now is not None and cell.pacs not in waits:
            waits[cell.pacs] = read_waits(lake, cell.pacs, now)
        found.extend(_of_study(cell, one, waits.get(cell.pacs, {})) for one in letters)
    return found


def _of_study(cell: Cell, entry: StudyEntry, waits: Mapping[str, dt.datetime]) -> DeadLetter:
    until = waits.get(study_subject(entry.study_instance_uid))
    return DeadLetter(
        cell=cell,
        name=entry.name,
        stage=entry.stage,
        kind=entry.error,
        status=entry.status,
        tries=entry.tries,
        first_seen=entry.first_seen,
        last_seen=entry.last_seen,
        waits_until=until.astimezone(dt.UTC).isoformat(timespec="seconds") if until else "",
    )

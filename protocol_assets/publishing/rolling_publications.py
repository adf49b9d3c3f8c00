"""Rolling publications: tables whose rows cover a moving window, such as opportunities.

Somebody with two versions of a row could subtract one from the other. A row is therefore updated
only if none of the patients behind it, or at least ``K_PATIENTS`` of them, changed since it was
published. Until then it stays as published, except for names and the hospital's own decisions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

from protocol_assets.data import read_table
from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.publishing.disclosure import Person, patients_in, tells_enough
from protocol_assets.publishing.ledger_files import PublicationLedger
from protocol_assets.publishing.settled import Settled

__all__ = ["ROLLING", "RollingPublications", "settle_rolling"]

_SHOWN_ANEW: Final = {
    "published_opportunities": (
        "scanner_label",
        "site",
        "protocol_label",
        "finding_state",
        "is_waived",
        "accepted_on",
        "promised_minutes_per_month",
        "minutes_rank",
    ),
    "published_findings": (
        "scanner_label",
        "site",
        "protocol_label",
        "finding_state",
        "is_waived",
        "opened_on",
        "accepted_on",
        "changed_on",
        "waived_until",
    ),
    "published_verification": ("scanner_label", "site", "protocol_label", "quality_signed_on"),
    "published_exam_shifts": ("scanner_label", "site"),
    "published_potential_monthly": ("scanner_label", "site"),
}
"""Columns of a retained row that are always current: names, and decisions of the hospital."""

ROLLING: Final = tuple(_SHOWN_ANEW)
"""The published tables that are governed here."""

_RENAMED: Final = "renamed_columns.csv"

_MEMBERS: Final = pa.schema(
    [
        pa.field("publication", pa.string()),
        pa.field("row_key", pa.string()),
        pa.field("patient_key", pa.string()),
        pa.field("is_patient", pa.bool_()),
        pa.field("units", pa.int64()),
        pa.field("content", pa.string()),
    ]
)

Row = dict[str, Any]
_Key = tuple[str, str]
_Persons = Mapping[str, Person]


@dataclass(frozen=True, slots=True)
class RollingPublications:
    """The governed tables as they may be published.

    Attributes:
        tables: By name, as the warehouse orders columns.
        kept: Rows that stay as they were published before.
        withheld: Rows with too few patients.
        least_patients: Fewest patients behind a published row; None if there is none.
    """

    tables: Mapping[str, pa.Table]
    kept: int
    withheld: int
    least_patients: int | None


def settle_rolling(
    ledger: PublicationLedger, connection: duckdb.DuckDBPyConnection, settled: Settled
) -> RollingPublications:
    """Decide which rows are updated, and record the patients behind what is published.

    Args:
        ledger: What was published before; to be committed by the caller.
        connection: The warehouse, for reading.
        settled: Which months are complete: a row of another month waits.
    """
    present = [name for name in ROLLING if _has(connection, name)]
    if not present:
        return RollingPublications({}, 0, 0, None)
    now = _persons(
        connection.sql(
            "select * rename (member_key as patient_key) from intermediate.int_standing_members"
        ).to_arrow_table()
    )
    members = ledger.read("standing_members")
    before = _persons(members) if members is not None else {}
    decided = []
    for name in present:
        fresh = connection.sql(f"from published.{name}").to_arrow_table()
        decided.append(_decide(name, fresh, now, before, ledger, settled))
    _remember(ledger, decided, before)
    persons = [patients_in(one) for part in decided for one in part.behind.values()]
    return RollingPublications(
        {part.name: part.table for part in decided},
        sum(part.kept for part in decided),
        sum(part.withheld for part in decided),
        min(persons, default=None),
    )


@dataclass(slots=True)
class _Decided:
    """One table: its rows, the patients behind them, and earlier rows that no longer exist."""

    name: str
    table: pa.Table
    behind: dict[_Key, _Persons]
    gone: list[Row]
    kept: int = 0
    withheld: int = 0


def _decide(
    name: str,
    fresh: pa.Table,
    now: Mapping[_Key, _Persons],
    before: Mapping[_Key, _Persons],
    ledger: PublicationLedger,
    settled: Settled,
) -> _Decided:
    earlier = {row["row_key"]: row for row in _published_before(ledger, name)}
    decided = _Decided(name, fresh, {}, [])
    rows: list[Row] = []
    for row in fresh.to_pylist():
        key = name, row["row_key"]
        persons, known, old = now.get(key, {}), before.get(key), earlier.get(row["row_key"])
        must_wait = known is None and "month" in row and not settled.is_month_settled(row["month"])
        if must_wait or patients_in(persons) < K_PATIENTS:
            decided.withheld += 1
        elif known is None or old is None or tells_enough(persons, known):
            rows.append(row)
            decided.behind[key] = persons
        else:
            decided.kept += 1
            rows.append(old | {column: row[column] for column in _SHOWN_ANEW[name]})
            decided.behind[key] = known
    decided.table = pa.Table.from_pylist(rows, schema=fresh.schema)
    decided.gone = [row for key, row in earlier.items() if (name, key) not in decided.behind]
    return decided


def _has(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    query = (
        "select count(*) from information_schema.tables "
        "where table_schema = 'published' and table_name = ?"
    )
    ((count,),) = connection.execute(query, [name]).fetchall()
    return bool(count)


def _persons(members: pa.Table) -> dict[_Key, _Persons]:
    found: defaultdict[_Key, dict[str, Person]] = defaultdict(dict)
    for row in members.to_pylist():
        person = Person(row["is_patient"], row["units"], row["content"])
        found[row["publication"], row["row_key"]][row["patient_key"]] = person
    return dict(found)


def _published_before(ledger: PublicationLedger, name: str) -> list[Row]:
    """The published rows of a table, with current column names; earlier versions had others."""
    table = ledger.read(name)
    if table is None:
        return []
    today = {one["old"]: one["new"] for one in read_table(_RENAMED) if one["table"] == name}
    renamed = table.rename_columns([today.get(column, column) for column in table.column_names])
    rows: list[Row] = renamed.to_pylist()
    return rows


def _remember(
    ledger: PublicationLedger,
    decided: Sequence[_Decided],
    before: Mapping[_Key, _Persons],
) -> None:
    """Record rows and persons, also of rows that no longer exist: old copies still show them."""
    behind = dict(before)
    for part in decided:
        behind |= part.behind
    members = [
        {
            "publication": publication,
            "row_key": row_key,
            "patient_key": member,
            "is_patient": person.is_patient,
            "units": person.units,
            "content": person.content,
        }
        for (publication, row_key), persons in sorted(behind.items())
        for member, person in sorted(persons.items())
    ]
    ledger.put("standing_members", pa.Table.from_pylist(members, schema=_MEMBERS))
    for part in decided:
        gone = [{name: row.get(name) for name in part.table.column_names} for row in part.gone]
        rows = [*part.table.to_pylist(), *gone]
        ledger.put(part.name, pa.Table.from_pylist(rows, schema=part.table.schema))

"""The ledger of what is published anew as time goes by: opportunities, findings, changes, visits.

Their rows look back over a moving window, so whoever keeps two versions of a row could subtract
one from the other. A row is therefore renewed only where nobody or at least ``K_PATIENTS`` of the
patients behind it changed since it was published; until then it stays as it was, but for what the
hospital says of it.
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

__all__ = ["STANDING", "Standing", "settle_standing"]

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
"""What a kept row shows as it is today: names, and what the hospital decided."""

STANDING: Final = tuple(_SHOWN_ANEW)
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
class Standing:
    """The governed tables as they may be published.

    Attributes:
        tables: By name, as the warehouse orders columns.
        kept: Rows that stay as they were published before.
        withheld: Rows that too few patients stand behind.
        least_patients: Fewest patients behind a published row, None where there is none.
    """

    tables: Mapping[str, pa.Table]
    kept: int
    withheld: int
    least_patients: int | None


def settle_standing(
    ledger: PublicationLedger, connection: duckdb.DuckDBPyConnection, settled: Settled
) -> Standing:
    """Decide which rows are renewed, and remember who stands behind what is published.

    Args:
        ledger: What was published before; to be committed by the caller.
        connection: The warehouse, for reading.
        settled: Which months are whole: a row of another month waits.
    """
    present = [name for name in STANDING if _has(connection, name)]
    if not present:
        return Standing({}, 0, 0, None)
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
    return Standing(
        {part.name: part.table for part in decided},
        sum(part.kept for part in decided),
        sum(part.withheld for part in decided),
        min(persons, default=None),
    )


@dataclass(slots=True)
class _Decided:
    """One table: its rows, who stands behind them, and the rows of before that are gone today."""

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
    """What is published of a table, under today's names: earlier versions had others."""
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
    """Rows and persons, also those that are gone today: whoever kept them still knows them."""
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

"""The ledger of publications: what was published about each period, and about which patients.

It is in the safe zone, because it holds patient keys. Published tables are made from it: a row that
must not change is taken from the ledger, even if the warehouse differs today.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import duckdb
import pyarrow as pa

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.publishing.disclosure import (
    Decision,
    Person,
    Rows,
    UnitKey,
    decide,
    patients_in,
)
from protocol_assets.publishing.ledger_files import PublicationLedger
from protocol_assets.publishing.settled import Settled

__all__ = ["PERIODIC", "Publications", "settle"]

FLEET: Final = "fleet_daily"
MONTHLY: Final = ("nex_monthly", "exam_monthly")
PERIODIC: Final = (FLEET, *MONTHLY)
"""The published tables that are governed by the ledger."""

_MEASURES: Final = {"nex_monthly": "acquisitions", "exam_monthly": "exams"}
_SHOWN_ANEW: Final = ("scanner_label", "site")
"""Columns of a retained row that show the current names."""

_MEMBERS: Final = pa.schema(
    [
        pa.field("period", pa.date32()),
        pa.field("device_key", pa.string()),
        pa.field("measure", pa.string()),
        pa.field("row_key", pa.string()),
        pa.field("patient_key", pa.string()),
        pa.field("is_patient", pa.bool_()),
        pa.field("units", pa.int64()),
        pa.field("content", pa.string()),
    ]
)

Table = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Publications:
    """The governed tables as they may be published.

    Attributes:
        tables: Rows by name of the table, as the warehouse orders its columns.
        decisions: The decision about every unit.
        least_patients: Fewest patients behind a published row; None if there is none.
    """

    tables: Mapping[str, pa.Table]
    decisions: Mapping[UnitKey, Decision]
    least_patients: int | None


def settle(
    ledger: PublicationLedger, connection: duckdb.DuckDBPyConnection, settled: Settled
) -> Publications:
    """Decide what is published about every period, and record it in the ledger.

    Args:
        ledger: What was published before; to be committed by the caller.
        connection: The warehouse, for reading.
        settled: Which days and months are complete.
    """
    is_month_settled = cache(settled.is_month_settled)  # called for every scanner

    def is_settled(key: UnitKey) -> bool:
        if key.device_key:
            return is_month_settled(key.period)
        return settled.is_day_settled(key.period)

    fresh = {name: _rows_of(connection, name) for name in PERIODIC}
    kept = {name: _kept_rows(ledger, name) for name in PERIODIC}
    now, before = _units_today(connection), _units_before(ledger, kept)
    decisions = decide(now, before, is_settled)
    scanners = _scanners(connection)
    tables: dict[str, Table] = {
        name: _governed(name, fresh[name], kept[name], decisions, scanners) for name in MONTHLY
    }
    tables[FLEET] = _fleet(fresh[FLEET], kept[FLEET], decisions)
    units = {
        key: now[key] if decision == "publish" else before[key]
        for key, decision in decisions.items()
        if decision != "withhold"
    }
    _remember(ledger, tables, units)
    schemas = {name: _schema(connection, name) for name in PERIODIC}
    persons = [patients_in(row) for rows in units.values() for row in rows.values()]
    return Publications(
        tables={
            name: pa.Table.from_pylist(tables[name], schema=schemas[name]) for name in PERIODIC
        },
        decisions=decisions,
        least_patients=min(persons, default=None),
    )


# The current content of the warehouse


def _units_today(connection: duckdb.DuckDBPyConnection) -> dict[UnitKey, Rows]:
    members = connection.sql("select * from intermediate.int_publication_members")
    units: defaultdict[UnitKey, defaultdict[tuple[str, str], dict[str, Person]]]
    units = defaultdict(lambda: defaultdict(dict))
    for row in members.to_arrow_table().to_pylist():
        key = UnitKey(row["period"], row["device_key"] or "")
        measure = _MEASURES.get(row["publication"], row["row_key"])
        person = Person(row["is_patient"], row["units"], row["content"])
        units[key][measure, row["row_key"]][row["member_key"]] = person
    return {key: _with_enough(rows) for key, rows in units.items()}


def _with_enough(rows: Rows) -> Rows:
    """The rows with enough patients; the warehouse does not publish the others either."""
    return {key: persons for key, persons in rows.items() if patients_in(persons) >= K_PATIENTS}


def _rows_of(connection: duckdb.DuckDBPyConnection, name: str) -> Table:
    rows: Table = connection.sql(f"from published.{name}").to_arrow_table().to_pylist()
    devices = {row["scanner_label"]: key for key, row in _scanners(connection).items()}
    for row in rows:
        row["period"] = row["month_start"] if name in MONTHLY else row["study_date"]
        row["device_key"] = devices[row["scanner_label"]] if name in MONTHLY else ""
    return rows


def _schema(connection: duckdb.DuckDBPyConnection, name: str) -> pa.Schema:
    return connection.sql(f"from published.{name} limit 0").to_arrow_table().schema


def _scanners(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    columns = ", ".join(_SHOWN_ANEW)
    query = f"select distinct device_key, {columns} from marts.dim_scanner"  # noqa: S608
    return {row["device_key"]: row for row in connection.sql(query).to_arrow_table().to_pylist()}


# What is published


def _governed(
    name: str,
    fresh: Sequence[Mapping[str, Any]],
    kept: Sequence[Mapping[str, Any]],
    decisions: Mapping[UnitKey, Decision],
    scanners: Mapping[str, Mapping[str, Any]],
) -> Table:
    rows = [dict(row) for row in fresh if _decision(row, decisions) == "publish"]
    for row in kept:
        if _decision(row, decisions) == "keep":
            shown = scanners.get(row["device_key"], row)
            rows.append(dict(row) | {column: shown[column] for column in _SHOWN_ANEW})
    column = "protocol_key" if name == "nex_monthly" else "exams"
    return sorted(rows, key=lambda row: (row["period"], row["scanner_label"], str(row[column])))


def _fleet(
    fresh: Sequence[Mapping[str, Any]],
    kept: Sequence[Mapping[str, Any]],
    decisions: Mapping[UnitKey, Decision],
) -> Table:
    """Every day of the warehouse; a withheld day has no values."""
    old = {row["period"]: row for row in kept}
    rows: dict[dt.date, dict[str, Any]] = {}
    for row in fresh:
        decision = _decision(row, decisions)
        chosen = old[row["period"]] if decision == "keep" else row
        if decision == "withhold" or row["is_suppressed"]:
            shown = ("study_date", "period", "device_key")
            chosen = {column: row[column] if column in shown else None for column in row}
            chosen["is_suppressed"] = True
        rows[row["period"]] = dict(chosen)
    for day, row in old.items():
        if _decision(row, decisions) == "keep":
            rows[day] = dict(row)
    return [rows[day] for day in sorted(rows)]


def _decision(row: Mapping[str, Any], decisions: Mapping[UnitKey, Decision]) -> Decision:
    return decisions.get(UnitKey(row["period"], row["device_key"] or ""), "withhold")


# The ledger


def _units_before(ledger: PublicationLedger, kept: Mapping[str, Table]) -> dict[UnitKey, Rows]:
    units: defaultdict[UnitKey, defaultdict[tuple[str, str], dict[str, Person]]]
    units = defaultdict(lambda: defaultdict(dict))
    table = ledger.read("members")
    for row in table.to_pylist() if table is not None else ():
        key = UnitKey(row["period"], row["device_key"] or "")
        person = Person(row["is_patient"], row["units"], row["content"])
        units[key][row["measure"], row["row_key"]][row["patient_key"]] = person
    before: dict[UnitKey, Rows] = {key: dict(rows) for key, rows in units.items()}
    return _with_rows(before, kept) if ledger.is_of_older_release else before


def _with_rows(before: Mapping[UnitKey, Rows], kept: Mapping[str, Table]) -> dict[UnitKey, Rows]:
    """The units whose rows are in the ledger too.

    Releases without a commit mark wrote the members first. If such a run was killed, the members
    name units whose rows were neither written nor published.
    """
    present = {(row["period"], "") for row in kept[FLEET]}
    present |= {
        (row["period"], f"{row['device_key']}|{_MEASURES[name]}")
        for name in MONTHLY
        for row in kept[name]
    }
    return {
        key: rows
        for key, rows in before.items()
        if all(
            (key.period, f"{key.device_key}|{measure}" if key.device_key else "") in present
            for measure, _ in rows
        )
    }


def _kept_rows(ledger: PublicationLedger, name: str) -> Table:
    table = ledger.read(name)
    rows: Table = table.to_pylist() if table is not None else []
    return rows


def _remember(
    ledger: PublicationLedger,
    tables: Mapping[str, Table],
    units: Mapping[UnitKey, Rows],
) -> None:
    members = [
        {
            "period": key.period,
            "device_key": key.device_key or None,
            "measure": measure,
            "row_key": row_key,
            "patient_key": member,
            "is_patient": person.is_patient,
            "units": person.units,
            "content": person.content,
        }
        for key, rows in sorted(units.items())
        for (measure, row_key), persons in sorted(rows.items())
        for member, person in sorted(persons.items())
    ]
    ledger.put("members", pa.Table.from_pylist(members, schema=_MEMBERS))
    for name, rows in tables.items():
        ledger.put(name, pa.Table.from_pylist(rows))

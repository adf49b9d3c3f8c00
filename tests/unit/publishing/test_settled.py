"""Two PACS are backfilled one after the other, and published all the while."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.lake.zones import Grid, Lake, Partition
from protocol_assets.publishing.ledger_files import open_ledger
from protocol_assets.publishing.publications import settle
from protocol_assets.publishing.rolling_publications import settle_rolling
from protocol_assets.publishing.settled import Settled, read_settled

FIRST, LAST = dt.date(2026, 1, 1), dt.date(2026, 3, 10)
DAYS = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
GRID = Grid(frozenset({"a", "b"}), FIRST, LAST)
PATIENTS_A_DAY = {"a": 12, "b": 2}
"""The second PACS adds fewer than eleven to a day: what is frozen without it stays without it."""


def members(landed: Collection[Partition]) -> Iterable[dict[str, Any]]:
    """Who stands behind the fleet's days and each scanner's closed months."""
    last = max((partition.day for partition in landed), default=FIRST).replace(day=1)
    for partition in sorted(landed):
        for number in range(PATIENTS_A_DAY[partition.pacs]):
            of = {"member_key": f"{partition.key}{number}", "is_patient": True, "units": 1}
            of["content"] = "1"
            for row in ("acquisitions", "exams"):
                yield of | _row("fleet_daily", partition.day, None, row)
            month = partition.day.replace(day=1)
            if month < last:
                yield of | _row("nex_monthly", month, partition.pacs, "p")
                yield of | _row("exam_monthly", month, partition.pacs, "exams")


def _row(publication: str, period: dt.date, device: str | None, key: str) -> dict[str, Any]:
    names = ("publication", "period", "device_key", "row_key")
    return dict(zip(names, (publication, period, device, key), strict=True))


def warehouse(landed: Collection[Partition], incomplete: Collection[Partition] = ()) -> Any:
    """What dbt makes of the partitions: the tables that publishing reads."""
    rows = list(members(landed))
    patients: defaultdict[tuple[str, dt.date, str | None], set[str]] = defaultdict(set)
    for row in rows:
        patients[row["publication"], row["period"], row["device_key"]].add(row["member_key"])
    days = [
        {"study_date": day, "is_suppressed": len(found) < K_PATIENTS, "patients": len(found)}
        for (name, day, _), found in patients.items()
        if name == "fleet_daily"
    ]
    months = [
        {"month_start": month, "scanner_label": device, "site": "North", "protocol_key": "p"}
        | {"exams": len(found), "patients": len(found)}
        for (name, month, device), found in patients.items()
        if name == "nex_monthly"
    ]
    completeness = [
        {
            "study_date": partition.day,
            "pacs": partition.pacs,
            "is_settled": partition not in incomplete,
        }
        for partition in landed
    ]
    tables = {
        "published.completeness_daily": completeness,
        "published.fleet_daily": days,
        "published.nex_monthly": months,
        "published.exam_monthly": months,
        "intermediate.int_publication_members": rows,
        "marts.dim_scanner": [
            {"device_key": one, "scanner_label": one, "site": "North"} for one in "ab"
        ],
    }
    connection = duckdb.connect()
    connection.execute("create schema published; create schema intermediate; create schema marts")
    for name, content in tables.items():
        schema = _SCHEMAS.get(name.partition(".")[2])
        connection.register("content", pa.Table.from_pylist(content, schema=schema))
        connection.execute(f"create table {name} as from content")
    return connection


_DATE, _TEXT, _COUNT = pa.date32(), pa.string(), pa.int64()
_MONTH: Mapping[str, pa.DataType] = {
    "month_start": _DATE,
    "scanner_label": _TEXT,
    "site": _TEXT,
    "protocol_key": _TEXT,
    "exams": _COUNT,
    "patients": _COUNT,
}
_SCHEMAS = {
    "fleet_daily": pa.schema(
        {"study_date": _DATE, "is_suppressed": pa.bool_(), "patients": _COUNT}
    ),
    "nex_monthly": pa.schema(_MONTH),
    "exam_monthly": pa.schema(_MONTH),
    "int_publication_members": pa.schema(
        {"member_key": _TEXT, "is_patient": pa.bool_(), "units": _COUNT, "content": _TEXT}
        | {"publication": _TEXT, "period": _DATE, "device_key": _TEXT, "row_key": _TEXT}
    ),
}


def publish(
    lake: Lake,
    landed: Collection[Partition],
    incomplete: Collection[Partition] = (),
    grid: Grid = GRID,
) -> tuple[dict[dt.date, int], dict[tuple[dt.date, str], int]]:
    """Patients of each day, and of each month and scanner, that are published."""
    with warehouse(landed, incomplete) as connection, open_ledger(lake) as ledger:
        done = settle(ledger, connection, read_settled(lake, connection, grid))
        ledger.commit()
    fleet = done.tables["fleet_daily"].to_pylist()
    months = done.tables["nex_monthly"].to_pylist()
    return (
        {row["study_date"]: row["patients"] for row in fleet if not row["is_suppressed"]},
        {(row["month_start"], row["scanner_label"]): row["patients"] for row in months},
    )


def partitions(pacs: str, days: Iterable[dt.date] = DAYS) -> set[Partition]:
    return {Partition(day, pacs) for day in days}


WHOLE = sum(PATIENTS_A_DAY.values())
JANUARY, FEBRUARY = dt.date(2026, 1, 1), dt.date(2026, 2, 1)


def test_nothing_half_is_published_while_the_second_pacs_is_backfilled(tmp_path: Path) -> None:
    lake, landed = Lake(tmp_path), partitions("a")
    assert publish(lake, landed) == ({}, {})
    # Newest first, as the sensors ask.
    landed |= partitions("b", DAYS[-20:])
    days, months = publish(lake, landed)
    assert days == dict.fromkeys(DAYS[-20:], WHOLE)
    assert months == {}
    landed |= partitions("b", DAYS[31:])
    days, months = publish(lake, landed)
    assert days == dict.fromkeys(DAYS[31:], WHOLE)
    assert months == {(FEBRUARY, "a"): 12 * 28, (FEBRUARY, "b"): 2 * 28}
    landed |= partitions("b")
    days, months = publish(lake, landed)
    assert days == dict.fromkeys(DAYS, WHOLE)
    assert months == {
        (FEBRUARY, "a"): 12 * 28,
        (FEBRUARY, "b"): 2 * 28,
        (JANUARY, "a"): 12 * 31,
        (JANUARY, "b"): 2 * 31,
    }


def test_a_month_of_which_days_were_not_tried_waits(tmp_path: Path) -> None:
    """Oldest first and newest first: a closed month is more than the days that have landed."""
    recent = DAYS[45:]
    _, months = publish(Lake(tmp_path), partitions("a", recent) | partitions("b", recent))
    assert months == {}


def test_days_before_the_first_belong_to_no_month(tmp_path: Path) -> None:
    recent = DAYS[45:]
    grid = Grid(GRID.pacs, recent[0], LAST)
    landed = partitions("a", recent) | partitions("b", recent)
    _, months = publish(Lake(tmp_path), landed, grid=grid)
    assert months == {(FEBRUARY, "a"): 12 * 14, (FEBRUARY, "b"): 2 * 14}


def test_a_day_that_stays_incomplete_is_published_a_week_later(tmp_path: Path) -> None:
    bad = Partition(DAYS[40], "b")
    upto = DAYS[:47]
    landed = partitions("a") | partitions("b", upto)
    days, _ = publish(Lake(tmp_path), landed, {bad})
    assert DAYS[40] not in days
    assert DAYS[39] in days
    days, _ = publish(Lake(tmp_path), partitions("a") | partitions("b", DAYS[:48]), {bad})
    assert days[DAYS[40]] == WHOLE


def test_a_day_that_was_tried_in_vain_is_published_a_week_later(tmp_path: Path) -> None:
    lake, bad = Lake(tmp_path), Partition(DAYS[40], "b")
    landed = (partitions("a") | partitions("b")) - {bad}
    days, months = publish(lake, landed)
    assert bad.day not in days
    assert (FEBRUARY, "a") not in months
    lake.local_path(lake.raw(bad)).mkdir(parents=True)
    (lake.local_path(lake.raw(bad)) / "attempt.json").write_text("{}")
    days, months = publish(lake, landed)
    assert days[bad.day] == PATIENTS_A_DAY["a"]
    assert months[FEBRUARY, "a"] == 12 * 28


def test_a_pacs_that_never_answers_is_waited_for(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for partition in partitions("b"):
        lake.local_path(lake.raw(partition)).mkdir(parents=True)
        (lake.local_path(lake.raw(partition)) / "attempt.json").write_text("{}")
    assert publish(lake, partitions("a")) == ({}, {})
    alone = Grid(frozenset({"a"}), FIRST, LAST)
    days, months = publish(lake, partitions("a"), grid=alone)
    assert set(days) == set(DAYS)
    assert set(months) == {(JANUARY, "a"), (FEBRUARY, "a")}


@pytest.mark.parametrize(("missing", "rows"), [((), 1), ((DAYS[3],), 0)])
def test_the_potential_of_a_month_waits_for_the_month(
    tmp_path: Path, missing: tuple[dt.date, ...], rows: int
) -> None:
    days = {name: frozenset(DAYS) for name in "ab"}
    days["b"] -= frozenset(missing)
    with duckdb.connect() as connection:
        connection.execute(
            """
            create schema published; create schema intermediate;
            create table published.published_potential_monthly as
                select 'r' as row_key, date '2026-01-01' as month, 'MR 1' as scanner_label,
                       'North' as site, 5 as opportunities;
            create table intermediate.int_standing_members as
                select 'published_potential_monthly' as publication, 'r' as row_key,
                       'p' || n as member_key, true as is_patient, 1 as units, '1' as content
                from range(20) as persons(n)
            """
        )
        with open_ledger(Lake(tmp_path)) as ledger:
            done = settle_rolling(ledger, connection, Settled(GRID, days, days))
    assert done.tables["published_potential_monthly"].num_rows == rows
    assert done.withheld == 1 - rows

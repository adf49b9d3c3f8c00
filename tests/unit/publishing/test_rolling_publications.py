"""An attacker who keeps every version of the tables that look back over a moving window."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.lake.zones import Grid, Lake
from protocol_assets.publishing.ledger_files import open_ledger
from protocol_assets.publishing.rolling_publications import (
    ROLLING,
    RollingPublications,
    settle_rolling,
)
from protocol_assets.publishing.settled import Settled

TABLE = "published_opportunities"
SETTLED = Settled(Grid(frozenset(), dt.date(2026, 1, 1), dt.date(2026, 1, 1)), {}, {})
Members = dict[str, str]
"""Content by patient."""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "home")
    lake.prepare()
    return lake


def settled(
    lake: Lake, rows: dict[str, Members], n: int | None = None, **told: Any
) -> RollingPublications:
    """Publish rows; each tells how many acquisitions its patients have."""
    anew = {
        "scanner_label": "MR 1",
        "site": "North",
        "protocol_label": "Sagittal T2",
        "finding_state": "open",
        "is_waived": False,
        "accepted_on": None,
        "promised_minutes_per_month": None,
        "minutes_rank": 1,
    } | told
    with duckdb.connect() as connection:
        connection.execute("create schema published; create schema intermediate")
        connection.execute(
            "create table intermediate.int_standing_members (publication varchar, row_key varchar,"
            " member_key varchar, is_patient boolean, units bigint, content varchar)"
        )
        columns = ", ".join(f"{name} varchar" for name in anew)
        connection.execute(f"create table published.{TABLE} (row_key varchar, n bigint, {columns})")
        for key, members in rows.items():
            values = [key, len(members) if n is None else n, *anew.values()]
            marks = ", ".join("?" * len(values))
            connection.execute(f"insert into published.{TABLE} values ({marks})", values)
            for member, content in members.items():
                connection.execute(
                    "insert into intermediate.int_standing_members values (?, ?, ?, true, 1, ?)",
                    [TABLE, key, member, content],
                )
        with open_ledger(lake) as ledger:
            done = settle_rolling(ledger, connection, SETTLED)
            ledger.commit()
        return done


def shown(standing: RollingPublications) -> dict[str, dict[str, Any]]:
    return {row["row_key"]: row for row in standing.tables[TABLE].to_pylist()}


def people(first: int, last: int, content: str = "1|2") -> Members:
    return {f"p{number}": content for number in range(first, last)}


def test_too_few_are_not_published(lake: Lake) -> None:
    done = settled(lake, {"a": people(0, K_PATIENTS - 1), "b": people(0, K_PATIENTS)})
    assert shown(done).keys() == {"b"}
    assert (done.withheld, done.kept, done.least_patients) == (1, 0, K_PATIENTS)


def test_a_row_waits_until_enough_have_changed(lake: Lake) -> None:
    settled(lake, {"a": people(0, 20)})
    ten_more = settled(lake, {"a": people(0, 30)})
    assert shown(ten_more)["a"]["n"] == 20
    assert ten_more.kept == 1
    eleven_more = settled(lake, {"a": people(0, 31)})
    assert shown(eleven_more)["a"]["n"] == 31


def test_who_leaves_and_who_comes_are_counted_together(lake: Lake) -> None:
    settled(lake, {"a": people(0, 20)})
    assert shown(settled(lake, {"a": people(5, 25)}))["a"]["n"] == 20
    assert settled(lake, {"a": people(6, 26)}).kept == 0


def test_the_same_patients_with_other_content_are_a_change(lake: Lake) -> None:
    settled(lake, {"a": people(0, 20)})
    assert settled(lake, {"a": people(0, 20) | people(0, 3, "2|4")}).kept == 1


def test_what_the_hospital_decides_shows_at_once(lake: Lake) -> None:
    settled(lake, {"a": people(0, 20)})
    row = shown(settled(lake, {"a": people(0, 21)}, finding_state="accepted", site="South"))["a"]
    assert (row["n"], row["finding_state"], row["site"]) == (20, "accepted", "South")


def test_a_row_that_was_gone_is_still_known(lake: Lake) -> None:
    settled(lake, {"a": people(0, 12)})
    assert not shown(settled(lake, {"a": people(0, 5)}))
    assert shown(settled(lake, {"a": people(0, 13)}))["a"]["n"] == 12


def test_no_two_versions_differ_by_too_few(lake: Lake) -> None:
    """A window that moves by a few patients at a time, for as long as a year of reports."""
    rng = random.Random(1)
    truth: list[set[str]] = []
    renewed: list[set[str]] = []
    first, last, shown_n = 0, 15, -1
    for version in range(60):
        first += rng.randrange(3)
        last = max(last + rng.randrange(4), first)
        truth.append(set(people(first, last)))
        published = shown(settled(lake, {"a": people(first, last)}, n=version))
        if published and published["a"]["n"] != shown_n:
            shown_n = published["a"]["n"]
            assert shown_n == version
            renewed.append(truth[version])
    assert len(renewed) > 5
    for position, one in enumerate(renewed):
        for other in renewed[:position]:
            assert len(one ^ other) >= K_PATIENTS


def test_nothing_to_publish_yet(lake: Lake) -> None:
    with duckdb.connect() as connection, open_ledger(lake) as ledger:
        assert settle_rolling(ledger, connection, SETTLED) == RollingPublications({}, 0, 0, None)
    assert TABLE in ROLLING


def test_a_kept_row_of_an_earlier_version_has_todays_column_names(lake: Lake) -> None:
    settled(lake, {"a": people(0, 20)}, assessment_state="assessable")
    with open_ledger(lake) as ledger:
        table = ledger.read(TABLE)
        assert table is not None
        names = {"assessment_state": "state"}
        ledger.put(TABLE, table.rename_columns([names.get(one, one) for one in table.column_names]))
        ledger.commit()
    few_more = settled(lake, {"a": people(0, 21)}, assessment_state="insufficient")
    assert few_more.kept == 1
    assert shown(few_more)["a"]["assessment_state"] == "assessable"

"""Which months the nightly compaction takes: settled ones that retention leaves alone."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.retention.compaction import Compaction, compact_settled
from protocol_assets.ingest.retention.erasure import purge_patient
from protocol_assets.ingest.retention.purging import Retention, purge_before, purge_expired
from protocol_assets.ingest.retention.rekeying import rekey
from protocol_assets.ingest.verifying import verify_partition
from protocol_assets.lake.compaction import compact_month, opened
from protocol_assets.lake.key_record import find_key_ids
from protocol_assets.lake.months import part_keys
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import DATA_SETS, Grid, Lake
from tests.crash.homes import find_bytes

from .hospital import NEW, OLD, PSEUDONYMS, Hospital, pass_stages, stages_of

MONTH = OLD.month
KEEP = Retention(raw_days=30, series_days=400, facts_days=3650)
OTHER = Pseudonyms.from_secret(bytes(range(1, 33)).hex(), demo=False)
NOW = dt.datetime.now(dt.UTC)
AFTER = Grid(frozenset({"main"}), OLD.day, dt.date(2026, 3, 31))


@pytest.fixture
def home(lake: Lake) -> Lake:
    pass_stages(stages_of(lake, Hospital()))
    make_warehouse(lake)
    return lake


def make_warehouse(lake: Lake, *, missing: int = 0) -> None:
    """March 2026 from the second on, without its last days."""
    lake.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(lake.warehouse)) as connection:
        connection.execute(
            f"""
            create schema published;
            create table published.completeness_daily as
                select (date '2026-03-02' + to_days(n::int))::date as study_date, 'main' as pacs,
                       true as is_settled
                from range(30 - {missing}) as days(n);
            """
        )


def test_a_settled_month_is_compacted_once(home: Lake) -> None:
    before = {key: read_part(home, key) for key in (home.series(OLD), home.facts(NEW))}
    found = compact_settled(home, AFTER, KEEP, NOW)
    assert list(found.done) == [MONTH]
    assert found.done[MONTH].parts == 2 * len(DATA_SETS)
    assert found.done[MONTH].bytes_after < found.done[MONTH].bytes_before
    assert all(home.has(home.month_part(data_set, MONTH)) for data_set in DATA_SETS)
    assert not home.has(home.facts(OLD))
    assert all(read_part(home, key).equals(table) for key, table in before.items())
    assert [list(verify_partition(home, one, KEEP, NOW)) for one in (OLD, NEW)] == [[], []]
    assert compact_settled(home, AFTER, KEEP, NOW) == Compaction()


def test_a_month_that_is_not_settled_or_not_over_stays_open(home: Lake) -> None:
    # A clock that went back ends the grid earlier.
    early = Grid(AFTER.pacs, AFTER.first, dt.date(2026, 3, 30))
    assert compact_settled(home, early, KEEP, NOW) == Compaction()
    two = Grid(frozenset({"main", "north"}), AFTER.first, AFTER.last)
    assert compact_settled(home, two, KEEP, NOW) == Compaction()
    make_warehouse(home, missing=1)
    assert compact_settled(home, AFTER, KEEP, NOW) == Compaction()
    home.warehouse.unlink()
    assert compact_settled(home, AFTER, KEEP, NOW) == Compaction()
    assert home.has(home.facts(OLD))


def test_a_month_that_retention_is_deleting_stays_open(home: Lake) -> None:
    """One of its days is past the retention of ``series`` and the next is not."""
    now = dt.datetime.combine(OLD.day + dt.timedelta(days=401), dt.time(), dt.UTC)
    assert compact_settled(home, AFTER, KEEP, now) == Compaction()
    later = now + dt.timedelta(days=1)
    purge_expired(home, PSEUDONYMS, KEEP, later)
    assert compact_settled(home, AFTER, KEEP, later).done[MONTH].parts == 2 * 4
    assert purge_expired(home, PSEUDONYMS, KEEP, later).entries == []
    assert home.has(home.month_part("safe/facts/series", MONTH)), "it was not opened for nothing"


def test_a_change_of_one_day_leaves_no_old_copy_in_its_month(home: Lake) -> None:
    patient = {b"PAT1", PSEUDONYMS.of("patient", "|PAT1").encode()}
    compact_month(home, MONTH)
    assert find_bytes(home.home, patient)
    purge_patient(home, PSEUDONYMS, "PAT1", None, NOW)
    assert find_bytes(home.home, patient) == []
    assert not any(home.has(home.month_part(data_set, MONTH)) for data_set in DATA_SETS)

    compact_month(home, MONTH)
    purge_before(home, PSEUDONYMS, NEW.day, NOW)
    assert [row["PatientID"] for row in read_part(home, home.series(OLD)).to_pylist()] == [None] * 2
    assert b"PAT0" not in home.local_path(home.series(OLD)).read_bytes()
    assert not home.has(home.month_part(DATA_SETS[0], MONTH))

    compact_month(home, MONTH)
    rekey(home, PSEUDONYMS, OTHER)
    assert set(find_key_ids(home, every=True)) == {OTHER.key_id}

    compact_month(home, MONTH)
    purge_expired(home, OTHER, KEEP, NOW + dt.timedelta(days=4000))
    assert not any(part_keys(home, data_set) for data_set in DATA_SETS[:2])
    assert part_keys(home, DATA_SETS[2]) == []


def test_a_month_in_use_or_damaged_is_named_and_waits(home: Lake) -> None:
    with opened(home, [OLD]):
        assert "month 2026-03" in compact_settled(home, AFTER, KEEP, NOW).skipped[MONTH]
    manifest = home.local_path(home.manifest(OLD))
    content = manifest.read_bytes()
    manifest.write_bytes(content[:-9])
    assert "manifest" in compact_settled(home, AFTER, KEEP, NOW).skipped[MONTH]
    manifest.write_bytes(content)
    assert compact_settled(home, AFTER, KEEP, NOW).skipped == {}

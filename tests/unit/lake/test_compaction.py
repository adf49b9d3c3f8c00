"""A month as one part per data set: nothing is lost, nothing is read twice, newer parts win."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.lake.compaction import (
    Compacted,
    compact_month,
    discard_damaged_months,
    finish_months,
    opened,
    undisturbed,
)
from protocol_assets.lake.damaged_parts import DamagedPartError
from protocol_assets.lake.months import decode_month, encode_month, part_keys
from protocol_assets.lake.parquet import (
    encode_part,
    has_part,
    part_versions,
    read_part,
    write_part,
)
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.storage.locks import LockedError
from protocol_assets.storage.parquet import decode_table

MONTH = dt.date(2026, 2, 1)
FACTS = "safe/facts/series"
PARTITIONS = [Partition(dt.date(2026, 2, day), pacs) for day in (1, 28) for pacs in ("a", "b")]
ONE, *_, LAST = PARTITIONS
ITEMS = pa.schema([("number", pa.float64()), ("words", pa.list_(pa.string()))])
"""In memory the elements of a list are called ``item``; a reader of Parquet renames them."""


def rows(*numbers: float | None) -> pa.Table:
    words = [None if one is None else [str(one), None] for one in numbers]
    return pa.table({"number": numbers, "words": words}, schema=ITEMS)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "home")
    lake.prepare()
    for number, partition in enumerate(PARTITIONS):
        write_part(lake, lake.facts(partition), rows(*range(number)), versions={"key_id": "K"})
    return lake


def contents(lake: Lake) -> dict[str, bytes]:
    return {
        path.relative_to(lake.home).as_posix(): path.read_bytes()
        for path in sorted(lake.home.rglob("*.parquet"))
    }


def all_numbers(lake: Lake) -> list[float]:
    with undisturbed(lake):
        tables = [read_part(lake, key) for key in part_keys(lake, FACTS)]
    return sorted(one for table in tables for one in table["number"].to_pylist())


def test_a_compacted_month_is_one_part_and_opens_to_the_same_bytes(lake: Lake) -> None:
    before = contents(lake)
    done = compact_month(lake, MONTH)
    after = contents(lake)
    assert list(after) == [lake.month_part(FACTS, MONTH)]
    sizes = (sum(map(len, one.values())) for one in (before, after))
    assert done == Compacted(len(PARTITIONS), *sizes)
    for number, partition in enumerate(PARTITIONS):
        assert read_part(lake, lake.facts(partition)).num_rows == number
        assert part_versions(lake, lake.facts(partition)) == {"key_id": "K"}
    assert not has_part(lake, lake.facts(Partition(dt.date(2026, 2, 2), "a")))
    assert compact_month(lake, MONTH) == Compacted()
    with opened(lake, [ONE]):
        assert contents(lake) == before
    compact_month(lake, MONTH)
    assert contents(lake) == after


part = st.tuples(
    st.lists(st.one_of(st.none(), st.floats()), max_size=5),
    st.one_of(
        st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
        st.permutations([("a", "1"), ("b", "2")]).map(dict),  # their order is in the bytes
    ),
)


@given(st.dictionaries(st.sampled_from(PARTITIONS), part, min_size=1), st.data())
def test_any_parts_are_restored_byte_by_byte(
    parts: dict[Partition, tuple[list[float | None], dict[str, str]]], data: st.DataObject
) -> None:
    written = {one: encode_part(rows(*n), versions=own) for one, (n, own) in parts.items()}
    tables = {one: decode_table(content, "") for one, content in written.items()}
    for one in data.draw(st.sets(st.sampled_from(sorted(parts)))):
        # Read and written again, as after an erasure: the elements of its lists have other names.
        written[one] = encode_part(tables[one], versions={})
        tables[one] = decode_table(written[one], "")
    content = encode_month(written, tables)
    month = decode_month(content)
    assert {one: month.encoded(one) for one in month.entries} == written
    shuffled = dict(data.draw(st.permutations(list(written.items()))))
    assert encode_month(shuffled, tables) == content


def test_a_part_that_was_written_beside_its_month_wins(lake: Lake) -> None:
    """Restored from a backup, or landed by a release that does not know months."""
    compact_month(lake, MONTH)
    newer = encode_part(rows(77.0), versions={"key_id": "K"})
    lake.storage.objects.write(lake.facts(LAST), newer)
    assert read_part(lake, lake.facts(LAST)).num_rows == 1
    assert all_numbers(lake) == [0.0, 0.0, 1.0, 77.0]
    assert not lake.has(lake.month_part(FACTS, MONTH))
    assert len(part_keys(lake, FACTS)) == len(PARTITIONS)


def test_a_part_beside_its_month_that_says_nothing_else_is_deleted(lake: Lake) -> None:
    before = contents(lake)
    compact_month(lake, MONTH)
    compacted = contents(lake)
    for content in (before[lake.facts(LAST)], b"damaged"):
        lake.storage.objects.write(lake.facts(LAST), content)
        finish_months(lake)
        assert contents(lake) == compacted


def test_a_partition_with_other_columns_keeps_its_part(lake: Lake) -> None:
    older = rows(5.0).drop_columns(["words"])
    write_part(lake, lake.facts(ONE), older, versions={})
    assert compact_month(lake, MONTH).parts == len(PARTITIONS) - 1
    assert part_keys(lake, FACTS) == [lake.facts(ONE), lake.month_part(FACTS, MONTH)]
    assert read_part(lake, lake.facts(ONE)).column_names == ["number"]
    assert compact_month(lake, MONTH) == Compacted()


def test_a_damaged_part_is_not_compacted(lake: Lake) -> None:
    path = lake.local_path(lake.facts(LAST))
    path.write_bytes(path.read_bytes()[:-9])
    before = contents(lake)
    with pytest.raises(DamagedPartError, match="2026-02-28/pacs=b"):
        compact_month(lake, MONTH)
    assert contents(lake) == before


def test_a_damaged_month_is_reported_and_can_be_rebuilt(lake: Lake) -> None:
    compact_month(lake, MONTH)
    path = lake.local_path(lake.month_part(FACTS, MONTH))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    named = "series/month=2026-02/part.parquet is damaged; run protocol-assets verify --repair"
    for read in (read_part, part_versions):
        with pytest.raises(DamagedPartError, match=named):
            read(lake, lake.facts(ONE))
    with pytest.raises(DamagedPartError, match=named), opened(lake, [ONE]):
        pass
    assert has_part(lake, lake.facts(ONE))
    discard_damaged_months(lake, [Partition(dt.date(2026, 3, 1), "a")])
    assert path.exists()
    discard_damaged_months(lake, [ONE])
    assert not has_part(lake, lake.facts(ONE))
    with opened(lake, [ONE]):
        pass


def test_a_month_that_is_worked_on_waits(lake: Lake) -> None:
    before = contents(lake)
    with opened(lake, [ONE]), pytest.raises(LockedError):
        compact_month(lake, MONTH)
    assert contents(lake) == before


def test_nothing_is_moved_under_a_reader(lake: Lake) -> None:
    steps = []

    def compact() -> None:
        compact_month(lake, MONTH)
        steps.append("compacted")

    other = threading.Thread(target=compact)
    with undisturbed(lake):
        other.start()
        other.join(0.2)
        assert len(part_keys(lake, FACTS)) == len(PARTITIONS)
        steps.append("read")
    other.join()
    assert steps == ["read", "compacted"]
    assert part_keys(lake, FACTS) == [lake.month_part(FACTS, MONTH)]


def test_two_runs_open_one_month_together(lake: Lake) -> None:
    before = contents(lake)
    compact_month(lake, MONTH)
    both = threading.Barrier(2, timeout=60)

    def work(partition: Partition) -> None:
        with opened(lake, [partition]):
            both.wait()

    runs = [threading.Thread(target=work, args=(one,)) for one in (ONE, LAST)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert not both.broken
    assert contents(lake) == before

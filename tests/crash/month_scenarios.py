"""What is interrupted in a home with a compacted month, and the compaction itself."""

from __future__ import annotations

from typing import Final

from protocol_assets.ingest.retention.purging import purge_before
from protocol_assets.lake.compaction import compact_month, opened, undisturbed
from protocol_assets.lake.months import part_keys
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake
from tests.crash.scenarios import (
    LATER,
    NOW,
    PARTITIONS,
    PROJECT,
    WHOLE,
    Later,
    Scenario,
    change_key,
    erase,
    has_facts,
    has_readable_parts,
    has_the_new_key,
    has_the_others,
    in_turn,
    is_erased,
    stage,
    void,
    with_ledger_of_patients,
)
from tests.unit.ingest.hospital import NEW, OLD, PSEUDONYMS

__all__ = ["MONTH_SCENARIOS"]


def compact(lake: Lake) -> None:
    compact_month(lake, OLD.month)


def open_again(lake: Lake) -> None:
    with opened(lake, PARTITIONS):
        pass


def has_each_row_once(lake: Lake) -> None:
    """Whatever reads a whole data set finds each row, and none twice."""
    rows = {"restricted/series": 3, "safe/facts/series": 3, "safe/facts/completeness": 1}
    for data_set, count in rows.items():
        with undisturbed(lake):
            found = [
                str(row)
                for key in part_keys(lake, data_set)
                for row in read_part(lake, key).to_pylist()
            ]
        assert len(set(found)) == len(found) == count * len(PARTITIONS)


def land_more(lake: Lake) -> None:
    in_turn(LATER, stage("flatten", Later), PROJECT)(lake)


COMPACTED: Final = in_turn(WHOLE, compact)

MONTH_SCENARIOS: Final[dict[str, Scenario]] = {
    "compaction": Scenario(WHOLE, compact, has_facts, has_each_row_once, has_each_row_once),
    "opening of a month": Scenario(COMPACTED, open_again, has_facts, has_each_row_once),
    "landing in a compacted month": Scenario(COMPACTED, land_more, has_readable_parts),
    "erasure from a compacted month": Scenario(
        in_turn(COMPACTED, with_ledger_of_patients),
        erase,
        has_the_others,
        finished=is_erased,
    ),
    "purge in a compacted month": Scenario(
        COMPACTED, lambda lake: void(purge_before(lake, PSEUDONYMS, NEW.day, NOW)), has_facts
    ),
    "change of keys of a compacted month": Scenario(
        in_turn(COMPACTED, with_ledger_of_patients),
        change_key,
        has_readable_parts,
        finished=has_the_new_key,
    ),
}

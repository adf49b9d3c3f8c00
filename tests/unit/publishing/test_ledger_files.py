"""The ledger as files: all tables of one commit, or all of the one before."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from protocol_assets.faults import Fault
from protocol_assets.lake.parquet import write_part
from protocol_assets.lake.zones import Lake
from protocol_assets.publishing.ledger_files import ledger_mark, open_ledger


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "home")
    lake.prepare()
    return lake


def table(*values: int) -> pa.Table:
    return pa.table({"value": list(values)})


def commit(lake: Lake, **tables: pa.Table) -> None:
    with open_ledger(lake) as ledger:
        for name, one in tables.items():
            ledger.put(name, one)
        ledger.commit()


def committed(lake: Lake) -> dict[str, list[int]]:
    with open_ledger(lake) as ledger:
        tables = {name: ledger.read(name) for name in ledger.names}
    return {name: one["value"].to_pylist() for name, one in tables.items() if one is not None}


def test_a_commit_replaces_what_was_put_and_keeps_the_rest(lake: Lake) -> None:
    commit(lake, members=table(1), rows=table(1))
    commit(lake, members=table(2))
    assert committed(lake) == {"members": [2], "rows": [1]}
    assert len(list(lake.local_path(lake.publications).glob("*.parquet"))) == 2


def test_what_was_not_committed_is_not_there(lake: Lake) -> None:
    commit(lake, members=table(1))
    with open_ledger(lake) as ledger:
        ledger.put("members", table(2))
    assert committed(lake) == {"members": [1]}


def test_a_table_without_rows_leaves_the_ledger(lake: Lake) -> None:
    commit(lake, members=table(1), rows=table(1))
    commit(lake, rows=table(1).slice(1))
    assert committed(lake) == {"members": [1]}


def test_the_same_tables_are_the_same_bytes(lake: Lake) -> None:
    commit(lake, members=table(1))
    before = {path.name: path.read_bytes() for path in lake.local_path(lake.publications).iterdir()}
    commit(lake, members=table(1))
    assert {
        path.name: path.read_bytes() for path in lake.local_path(lake.publications).iterdir()
    } == before


def test_a_ledger_of_an_older_release_gets_its_mark_with_the_first_commit(lake: Lake) -> None:
    for name in ("members", "rows"):
        write_part(
            lake, f"{lake.publications}/{name}.parquet", table(1), versions={"key_id": "old"}
        )
    commit(lake, rows=table(2))
    assert committed(lake) == {"members": [1], "rows": [2]}
    assert ledger_mark(lake).keys() == {"members", "rows"}
    with open_ledger(lake) as ledger:
        assert ledger.versions("members") == {"key_id": "old"}
    assert not (lake.local_path(lake.publications) / "members.parquet").exists()


@pytest.mark.parametrize("harm", ["lost", "damaged", "mark"])
def test_a_damaged_ledger_is_named_and_nothing_is_taken_for_empty(lake: Lake, harm: str) -> None:
    commit(lake, members=table(1))
    path = lake.local_path(ledger_mark(lake)["members"])
    if harm == "lost":
        path.unlink()
    elif harm == "damaged":
        content = path.read_bytes()
        path.write_bytes(content[:50] + bytes([content[50] ^ 1]) + content[51:])
    else:
        (lake.local_path(lake.publications) / "ledger.json").write_text(json.dumps({"other": {}}))
    with pytest.raises(Fault, match=r"restore the folder safe/publications from the back-up"):
        committed(lake)

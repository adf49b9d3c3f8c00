"""Reading a version: whole or not at all, whatever is published meanwhile."""

from __future__ import annotations

import csv as reader
import io
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.dashboard.__main__ import flags, main
from protocol_assets.dashboard.columns import TABLES, columns
from protocol_assets.dashboard.marts import newest_version, read_marts
from protocol_assets.dashboard.parts import csv
from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake
from protocol_assets.plain_text import spreadsheet_text
from protocol_assets.settings import CONFIG_VARIABLE
from tests.unit.dashboard.homes import UNNAMED, publish
from tests.unit.dashboard.published import HOMES, WHOLE, opportunity

ROOT = Path(__file__).parents[3]
NEXT = "fedcba9876543210"


def test_nothing_published_is_no_rows(tmp_path: Path) -> None:
    assert newest_version(Lake(tmp_path)) is None
    marts = read_marts(None, UNNAMED)
    assert marts.version is None
    assert all(marts[name].empty for name in TABLES)


def test_a_version_is_read_whole_although_the_link_moves(tmp_path: Path) -> None:
    publish(tmp_path, WHOLE)
    taken = newest_version(Lake(tmp_path))
    publish(tmp_path, {"published_findings": []}, NEXT)
    marts = read_marts(taken, UNNAMED)
    assert marts.version == "0123456789abcdef"
    assert {name: len(marts[name]) for name in WHOLE} == {k: len(v) for k, v in WHOLE.items()}
    newest = newest_version(Lake(tmp_path))
    assert newest is not None
    assert newest.name == NEXT
    assert read_marts(newest, UNNAMED)["nex_monthly"].empty


def test_a_version_that_has_gone_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    publish(tmp_path, WHOLE)
    taken = newest_version(Lake(tmp_path))
    assert taken is not None
    shutil.rmtree(taken)
    with pytest.raises(FileNotFoundError):
        read_marts(taken, UNNAMED)


def test_what_an_older_version_did_not_publish_is_null(tmp_path: Path) -> None:
    publish(tmp_path, WHOLE)
    path = tmp_path / "publish" / "marts" / "published_opportunities.parquet"
    table = pq.read_table(path).drop_columns(["is_waived", "as_of", "n_peers", "site", "coverage"])
    pq.write_table(table, path.resolve())
    rows = read_marts(newest_version(Lake(tmp_path)), UNNAMED)["published_opportunities"]
    assert len(rows) == len(WHOLE["published_opportunities"])
    assert rows[["is_waived", "as_of", "n_peers", "site", "coverage"]].isna().all(axis=None)


def test_a_broken_file_is_named_and_nothing_of_it_is_quoted(tmp_path: Path) -> None:
    publish(tmp_path, WHOLE)
    path = (tmp_path / "publish" / "marts" / "nex_monthly.parquet").resolve()
    path.write_bytes(b"PAR1 a secret PAR1")
    with pytest.raises(Fault, match=r"publish/marts/nex_monthly\.parquet cannot be read") as caught:
        read_marts(path.parent, UNNAMED)
    assert "secret" not in str(caught.value)


def test_types_are_those_of_the_contract(tmp_path: Path) -> None:
    publish(tmp_path, HOMES["nothing told"])
    for name, frame in read_marts(newest_version(Lake(tmp_path)), UNNAMED).tables.items():
        kinds = {"string": "str", "double": "float64", "bigint": "Int64", "boolean": "boolean"}
        for column in columns(name).values():
            dtype = str(frame[column.name].dtype)
            assert dtype == kinds.get(column.type, "datetime64[s]"), (name, column.name)


def test_the_specification_agrees_with_what_dbt_publishes() -> None:
    models = {}
    for path in (ROOT / "dbt_project" / "models").glob("published/**/*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            models[model["name"]] = {one["name"]: one["data_type"] for one in model["columns"]}
    assert set(TABLES) <= set(models)
    for table in TABLES:
        own = {one.name: one.type for one in columns(table).values()}
        assert own.items() <= models[table].items(), table


def test_the_warehouse_is_never_opened(tmp_path: Path) -> None:
    """A writer holds it, which nobody could read beside."""
    publish(tmp_path, WHOLE)
    (tmp_path / "safe").mkdir()
    code = (
        "import sys; from pathlib import Path\n"
        "sys.addaudithook(lambda event, args: sys.exit(3) if event == 'open'"
        " and 'safe' in str(args[0]) else None)\n"
        "from protocol_assets.dashboard.marts import newest_version, read_marts\n"
        "from protocol_assets.lake.zones import Lake\n"
        "print(len(read_marts(newest_version(Lake(Path(sys.argv[1]))), '')['nex_monthly']))\n"
    )
    with duckdb.connect(str(tmp_path / "safe" / "warehouse.duckdb")) as writer:
        writer.execute("create table t as select 1 as a")
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(WHOLE["nex_monthly"])


@given(st.lists(st.text(), min_size=1, max_size=6))
def test_a_download_runs_no_formula(texts: list[str]) -> None:
    frame = pd.DataFrame({"scanner": texts, "minutes": [None] * len(texts)}, dtype="object")
    text = csv(frame.astype({"scanner": "str"})).decode("utf-8")
    assert text.startswith("\ufeff")
    rows = list(reader.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    for row, original in zip(rows, texts, strict=True):
        assert row["scanner"] == spreadsheet_text(original)
        assert row["minutes"] == ""


def test_streamlit_is_told_to_send_nothing_and_to_listen_on_loopback() -> None:
    config = ROOT / "protocol_assets" / "dashboard" / "config.toml"
    given_flags = set(flags(tomllib.loads(config.read_text(encoding="utf-8"))))
    assert {
        "--browser.gatherUsageStats=false",
        "--server.address=127.0.0.1",
        "--server.headless=true",
        "--server.fileWatcherType=none",
        "--server.allowedHosts=127.0.0.1",
        "--server.allowedHosts=localhost",
    } <= given_flags


def test_streamlit_knows_every_flag() -> None:
    config = pytest.importorskip("streamlit.config")
    path = ROOT / "protocol_assets" / "dashboard" / "config.toml"
    for flag in flags(tomllib.loads(path.read_text(encoding="utf-8"))):
        name = flag.removeprefix("--").partition("=")[0]
        assert name in config._config_options_template, name


def test_without_a_configuration_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "none.toml"))
    assert main() == 2
    assert "no configuration" in capsys.readouterr().err


def test_rows_are_made_as_the_contract_says() -> None:
    assert set(opportunity()) == set(columns("published_opportunities"))

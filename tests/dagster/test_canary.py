"""No planted token leaves the restricted zone, failures included; all are found inside it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import zstandard

from protocol_assets.protocols.description import describe_cell
from protocol_assets.runs import CellOutcome, Runner
from protocol_assets.settings import Settings
from protocol_assets.simulator import Answer, Request

from .conftest import FIRST, LAST, WilfulPacs

# Names, numbers, texts, terms, a dirty number, a private and an unknown tag.
PLANTED = {
    "00100010": "PN",
    "00100020": "LO",
    "00100021": "LO",
    "00080050": "SH",
    "00080080": "LO",
    "00080090": "PN",
    "00081010": "SH",
    "00081030": "LO",
    "0008103E": "LO",
    "00081070": "PN",
    "00181000": "LO",
    "00181020": "LO",
    "00181030": "LO",
    "00181250": "SH",
    "00180015": "CS",
    "00180022": "CS",
    "00180081": "DS",
    "00104000": "LT",
    "00324000": "LT",
    "00091010": "LO",
    "77771234": "UN",
}
TOKEN = re.compile(r"CANARY[0-9]{10}[0-9A-F]{8}")
UID = re.compile(r"[0-9]+(?:\.[0-9]+){2,}")
REGISTRY = "1.2.840.10008."


def token(study_uid: str, tag: str) -> str:
    return f"CANARY{int(study_uid.rsplit('.', 1)[-1]) % 10**10:010d}{tag}"


def plant(request: Request, answer: Answer) -> Answer:
    if not request.path.endswith("metadata") or answer.status != 200:
        return answer
    instances = json.loads(answer.body)
    for instance in instances:
        (study_uid,) = instance["0020000D"]["Value"]
        for tag, vr in PLANTED.items():
            text: Any = token(study_uid, tag)
            instance[tag] = {"vr": vr, "Value": [{"Alphabetic": text} if vr == "PN" else text]}
        sequence = {tag: instance[tag] for tag in ("00100010", "00104000")}
        instance["00400275"] = {"vr": "SQ", "Value": [sequence]}
    return Answer(200, json.dumps(instances).encode(), answer.headers)


@pytest.fixture(scope="module")
def failing_run(deployment: Settings, pacs: WilfulPacs) -> tuple[CellOutcome, ...]:
    """A whole run in which one cell fails on an exception that quotes a patient."""

    def quoting(rows: Sequence[Mapping[str, Any]]) -> Any:
        if rows and rows[0]["StudyDate"] == LAST:
            raise ValueError(f"cannot convert {rows[0]['PatientID']} {rows[0]['StudyInstanceUID']}")
        return describe_cell(rows)

    pacs.spoil = plant
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("protocol_assets.cells.facts.describe_cell", quoting)
        runner = Runner(deployment)
        outcomes = [one for name in ("north", "south") for one in runner.cells(name, FIRST, LAST)]
        assert runner.report() is None
    pacs.spoil = None
    return tuple(outcomes)


def texts(path: Path) -> Iterator[str]:
    """The bytes of a file, and every value it decodes to."""
    content = path.read_bytes()
    yield content.decode("latin-1")
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            yield str(file.read().to_pydict())
    elif path.suffix == ".zst":
        with path.open("rb") as compressed:
            yield zstandard.ZstdDecompressor().stream_reader(compressed).read().decode()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.sql(
                "select table_schema, table_name from information_schema.tables"
                " where table_type = 'BASE TABLE'"
            ).fetchall()
            for schema, name in tables:
                yield str(connection.sql(f'select * from {schema}."{name}"').fetchall())
    elif content.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as storage:
            names = storage.execute(
                "select name from sqlite_master where type = 'table'"
            ).fetchall()
            for (name,) in names:
                yield str(storage.execute(f'select * from "{name}"').fetchall())


def found(folder: Path, *, without: Path | None = None) -> dict[str, Path]:
    hits: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or (without and path.is_relative_to(without)):
            continue
        for text in texts(path):
            for hit in (*TOKEN.findall(text), *UID.findall(text)):
                if not hit.startswith(REGISTRY):
                    hits.setdefault(hit, path)
    return hits


def planted(pacs: WilfulPacs) -> tuple[set[str], set[str]]:
    studies = pacs.fleet.studies(None, FIRST, LAST)
    tokens = {token(study.study_uid, tag) for study in studies for tag in PLANTED}
    uids = {study.study_uid for study in studies}
    uids |= {scan.series_uid for study in studies for scan in pacs.fleet.scans(study)}
    return tokens, uids


def test_the_run_had_its_failure(failing_run: tuple[CellOutcome, ...]) -> None:
    refused = [one for one in failing_run if one.state == "refused"]
    assert {one.cell.day for one in refused} == {LAST}
    assert all("unexpected ValueError at" in one.reason for one in refused)
    assert all("cannot convert" not in one.reason for one in refused)


def test_nothing_outside_restricted_and_everything_inside(
    failing_run: tuple[CellOutcome, ...], deployment: Settings, pacs: WilfulPacs
) -> None:
    tokens, uids = planted(pacs)
    lake = deployment.lake
    inside = found(lake.restricted).keys()
    assert tokens <= inside
    assert uids <= inside
    outside = found(lake.home, without=lake.restricted)
    leaked = {hit: path for hit, path in outside.items() if hit in tokens | uids}
    assert leaked == {}
    assert any(lake.dagster_home.rglob("*.db"))


def test_nothing_in_what_was_printed(
    deployment: Settings,
    pacs: WilfulPacs,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    failing_run: tuple[CellOutcome, ...],
) -> None:
    pacs.spoil = plant
    list(Runner(deployment).cells("north", FIRST, FIRST, force=True))
    pacs.spoil = None
    printed = "".join(capfd.readouterr()) + caplog.text
    tokens, uids = planted(pacs)
    hits = {*TOKEN.findall(printed), *UID.findall(printed)}
    assert not hits & (tokens | uids)

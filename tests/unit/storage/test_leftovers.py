"""What killed runs leave is deleted at the next start, and what a live one writes is not."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.retention.erasure import purge_patient
from protocol_assets.ingest.retention.purging import Retention, purge_before, purge_expired
from protocol_assets.ingest.retention.rekeying import rekey
from protocol_assets.lake.leftovers import clean_leftovers, count_leftovers, register_process
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.status.checks import leftovers_finding
from protocol_assets.storage.files import atomic_file, staging_directory
from tests.crash.homes import find_bytes
from tests.crash.leftovers import leave_leftovers

TOKEN = b"PAT-4711-LEFT-BEHIND"
PARTITION = Partition(dt.date(2026, 3, 2), "main")
NOW = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
KEY = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
OTHER = Pseudonyms.from_secret(bytes(range(1, 33)).hex(), demo=False)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "home")
    lake.prepare()
    return lake


def test_a_process_is_killed_at_every_kind_of_place_and_the_next_start_cleans(lake: Lake) -> None:
    left = leave_leftovers(lake, PARTITION, TOKEN)
    assert len(left) == 32
    zones = {path.relative_to(lake.home).parts[0] for path in left}
    assert zones == {"restricted", "safe", "publish", "governance"}
    assert leftovers_finding(lake, NOW).verdict == "warn"
    assert "in restricted/candidates" in leftovers_finding(lake, NOW).sentence
    cleaned = clean_leftovers(lake)
    assert cleaned.files.total() >= 28
    assert not find_bytes(lake.home, {TOKEN})
    assert not count_leftovers(lake).files
    finding = leftovers_finding(lake, NOW)
    assert finding.verdict == "ok"
    assert f"{cleaned.files.total()} files of killed runs" in finding.sentence


@pytest.mark.parametrize("verb", ["erasure", "before", "retention", "rekey"])
def test_erasure_retention_and_a_new_key_reach_leftovers(lake: Lake, verb: str) -> None:
    assert leave_leftovers(lake, PARTITION, TOKEN)
    if verb == "erasure":
        purge_patient(lake, KEY, "PAT-4711-LEFT-BEHIND", None, NOW)
    elif verb == "before":
        purge_before(lake, KEY, PARTITION.day, NOW)
    elif verb == "retention":
        purge_expired(lake, KEY, Retention(30, 30, 30), NOW)
    else:
        rekey(lake, KEY, OTHER)
    assert not find_bytes(lake.home, {TOKEN})
    if verb != "rekey":
        (record,) = lake.local_path(lake.deletions).iterdir()
        assert '"leftovers"' in record.read_text()


def test_what_a_live_process_writes_is_left_alone(lake: Lake) -> None:
    with (
        atomic_file(lake.local_path(lake.series(PARTITION)), mode=0o600) as file,
        staging_directory(lake.safe / "reading") as folder,
    ):
        file.write(b"whole")
        (folder / "copy").write_bytes(b"whole")
        assert not clean_leftovers(lake).files
        assert (folder / "copy").exists()
    assert lake.local_path(lake.series(PARTITION)).read_bytes() == b"whole"


def test_the_start_searches_the_home_only_after_a_process_was_killed(lake: Lake) -> None:
    begin = "import sys; from pathlib import Path; from protocol_assets.lake.zones import Lake; "
    begin += "from protocol_assets.lake.leftovers import register_process; "
    begin += "found = register_process(Lake(Path(sys.argv[1]))); "
    begin += "print('none' if found is None else found.files.total(), flush=True); "

    def start(rest: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", begin + rest, str(lake.home)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, cwd=Path.cwd()
        )

    def said_by(process: subprocess.Popen[str]) -> str:
        return process.communicate(timeout=60)[0].strip()

    assert said_by(start("")) == "0", "the first start of a home searches it"
    assert said_by(start("")) == "none"
    alive = start("sys.stdin.readline()")
    assert alive.stdout is not None
    assert alive.stdout.readline().strip() == "none"
    (lake.restricted / ".x.partial").write_bytes(TOKEN)
    assert said_by(start("")) == "none", "a process that lives is none that was killed"
    alive.send_signal(signal.SIGKILL)
    alive.communicate(timeout=60)
    assert said_by(start("")) == "1"
    assert said_by(start("")) == "none"
    assert not list((lake.restricted / "locks").glob("process-*"))


def test_a_process_registers_once(lake: Lake) -> None:
    assert register_process(lake) is not None
    assert register_process(lake) is None
    names = [path.name for path in (lake.restricted / "locks").glob("process-*")]
    assert [name.split("-")[1] for name in names] == [str(os.getpid())]


def test_what_older_releases_left_is_deleted_too(lake: Lake) -> None:
    versions = lake.publish / "versions"
    (versions / ".abcd1234").mkdir(parents=True)
    (versions / ".abcd1234" / "nex_monthly.parquet").write_bytes(TOKEN)
    (versions / "0123456789abcdef").mkdir()
    (lake.publish / ".marts.123").symlink_to("versions/0123456789abcdef")
    (lake.safe / ".x1.partial.wal").write_bytes(TOKEN)
    assert clean_leftovers(lake).files.total() == 3
    assert [path.name for path in versions.iterdir()] == ["0123456789abcdef"]
    assert not (lake.publish / ".marts.123").is_symlink()

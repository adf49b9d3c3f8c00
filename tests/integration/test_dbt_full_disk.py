"""The real build of the warehouse on a disk that is really full."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from protocol_assets.lake.zones import Lake
from protocol_assets.settings import HOME_VARIABLE
from tests.integration.whole_home import Process, WholeHome

_SIZE = "192m"
ROWS = "select count(*), bit_xor(hash(facts)) from marts.fct_series as facts"


@pytest.fixture
def lake(whole_home: WholeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """A filled home on a small disk, without dbt's logs."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system can be mounted by root alone")
    try:
        whole_home.put_back("alone")
        home = disk / "home"
        logs = shutil.ignore_patterns("dbt.log*")
        shutil.copytree(whole_home.home, home, symlinks=True, ignore=logs)
        monkeypatch.setenv(HOME_VARIABLE, str(home))
        monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
        yield Lake(home)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def leave_room(lake: Lake, size: int) -> None:
    """Fill the disk but for so many bytes."""
    ballast = lake.home.parent / "ballast"
    ballast.unlink(missing_ok=True)
    found = os.statvfs(lake.home)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - size)


def rows(lake: Lake) -> tuple[object, ...] | None:
    with duckdb.connect(str(lake.warehouse), read_only=True) as warehouse:
        return warehouse.execute(ROWS).fetchone()


def test_a_full_disk_is_named_and_heals(lake: Lake) -> None:
    before, old = lake.warehouse.stat(), rows(lake)

    def expect_full(work: str, *arguments: str, folder: str) -> None:
        run = Process(work, *arguments)
        assert run.end() == 1, run.text
        assert re.search(f"the disk that holds the folder {folder} is full: at least", run.text)
        assert "free more than that, or move the home to a larger disk, then run again" in run.text
        assert "Traceback" not in run.text
        after = lake.warehouse.stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
        assert rows(lake) == old

    leave_room(lake, 0)
    expect_full("main", "rebuild", folder="dagster")  # whose records come first
    status = Process("main", "status")
    assert status.end() == 1
    text = " ".join(status.text.split())
    assert "fail disk 0.0 GiB free" in text
    assert "fail daemon its records cannot be read: the disk that holds the folder dagster" in text
    assert "ok stored data" in text

    # Dagster's records elsewhere, and room for a part of what dbt writes: log, results, warehouse.
    for room in (8 << 20, 20 << 20):
        leave_room(lake, room)
        expect_full("report", folder="(safe|dbt)")

    (lake.home.parent / "ballast").unlink()
    run = Process("main", "rebuild")
    assert run.end() == 0, run.text
    assert lake.warehouse.stat().st_ino != before.st_ino
    assert rows(lake) == old

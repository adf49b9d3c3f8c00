"""A disk that is really full: a small one in memory, at each piece of work that writes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocol_assets.defs.warehouse.dbt import _failed
from protocol_assets.defs.warehouse.dbt_runs import BuildResult
from protocol_assets.faults import Fault, safe_message
from protocol_assets.governance.scanners import ScannerName, name_scanner, read_scanner_names
from protocol_assets.lake.zones import Lake
from protocol_assets.publishing.versions import published_rows
from tests.crash.homes import content_of
from tests.crash.scenarios import (
    FLATTEN,
    LAND,
    PROJECT,
    build,
    govern,
    hand_over,
    next_warehouse,
    prepared,
    publish,
    quick_gates,
    start,
    warehouse,
)

_SIZE = "24m"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def lake(disk: Path, request: pytest.FixtureRequest) -> Lake:
    for path in sorted(disk.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    return Lake(disk / "home")


def filled(disk: Path) -> Path:
    """A file that takes all the room there is."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


WORK: dict[str, tuple[list[Callable[[Lake], None]], Callable[[Lake], None], str]] = {
    "landing": ([prepared], LAND, "safe/facts/"),
    "gates": ([prepared, LAND, FLATTEN], PROJECT, "restricted/"),
    "publishing": (
        [prepared, warehouse(1, 20), publish, warehouse(2, 40)],
        publish,
        "publish/versions ",
    ),
    "warehouse": ([prepared, warehouse(1, 20), next_warehouse], build, "safe"),
    "register": ([prepared], govern, "governance"),
    "delivery": ([prepared], hand_over, "safe/deliveries/"),
}


@pytest.mark.parametrize("name", WORK)
def test_a_full_disk_is_named_and_heals(name: str, lake: Lake, tmp_path: Path) -> None:
    steps, work, folder = WORK[name]
    with quick_gates():
        undisturbed = Lake(tmp_path / "home")
        for step in (*steps, start, work):
            step(undisturbed)
        for step in steps:
            step(lake)
        ballast = filled(lake.home.parent)
        with pytest.raises((Fault, OSError)) as caught:
            work(lake)
        text = safe_message(caught.value)
        assert f"the disk that holds the folder {folder}" in text
        assert "more are needed; free more than that" in text
        assert str(lake.home) not in text
        ballast.unlink()
        start(lake)
        work(lake)
    assert content_of(lake.home) == content_of(undisturbed.home)


def test_what_was_published_stays_while_the_disk_is_full(lake: Lake) -> None:
    for step in (prepared, warehouse(1, 20), publish, warehouse(2, 40)):
        step(lake)
    before = published_rows(lake, "nex_monthly")
    ballast = filled(lake.home.parent)
    with pytest.raises(Fault):
        publish(lake)
    assert published_rows(lake, "nex_monthly") == before
    ballast.unlink()


def test_a_name_that_could_not_be_written_takes_none_away(lake: Lake) -> None:
    prepared(lake)
    name_scanner(lake, ScannerName("A" * 26, "MR 1", "North"))
    ballast = filled(lake.home.parent)
    with pytest.raises(Fault, match="the folder governance is full"):
        name_scanner(lake, ScannerName("B" * 26, "MR 2", "North"))
    assert [one.scanner_label for one in read_scanner_names(lake)] == ["MR 1"]
    ballast.unlink()


def test_a_disk_that_is_full_in_dbt_is_no_fault_of_a_model(lake: Lake) -> None:
    prepared(lake)
    ballast = filled(lake.home.parent)
    message = "Runtime Error\n  IO Error: Could not write file: No space left on device"
    text = _failed(BuildResult(is_successful=False, failed={"model.x": message}), lake)
    assert text.startswith("the last good warehouse stays; the disk that holds the folder safe ")
    ballast.unlink()

"""Many processes change one governance file at once, and every change is kept."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import stat
import string
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from protocol_assets.governance import do_not_process as listed
from protocol_assets.governance import findings, labels, lines, scanners
from protocol_assets.lake.zones import Lake

PROCESSES = 24
DAY = dt.date(2026, 3, 1)


def key(number: int) -> str:
    return string.ascii_uppercase[number] * 26


def name(lake: Lake, number: int) -> None:
    scanners.name_scanner(lake, scanners.ScannerName(key(number), f"MR {number}", "North"))


def decide(lake: Lake, number: int) -> None:
    labels.decide(lake, key(number), "approve")


def find(lake: Lake, number: int) -> None:
    finding = findings.Finding("drift", key(number), "k1", "tr_ms", DAY, "open")
    findings.put_finding(lake, finding)


def object_to(lake: Lake, number: int) -> None:
    listed.do_not_process(lake, f"patient {number}", None, DAY)


def excluded(lake: Lake) -> list[int]:
    is_excluded = listed.excludes(lake)
    return [number for number in range(PROCESSES) if is_excluded(f"patient {number}", None)]


def write(lake: Lake, change: Callable[[Lake, int], None], number: int, start: Barrier) -> None:
    start.wait(60)
    change(lake, number)


@pytest.mark.parametrize(
    ("change", "read", "path"),
    [
        (name, scanners.read_scanner_names, "governance/scanners.csv"),
        (decide, labels.read_decisions, "governance/labels.csv"),
        (find, findings.read_findings, "governance/findings.csv"),
        (object_to, excluded, "restricted/do_not_process.csv"),
    ],
)
def test_no_change_is_lost(
    tmp_path: Path,
    change: Callable[[Lake, int], None],
    read: Callable[[Lake], list[object]],
    path: str,
) -> None:
    lake = Lake(tmp_path / "home")
    lake.prepare()
    # Forked: 24 interpreters that import everything would take most of a minute.
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(PROCESSES)
    processes = [
        fork.Process(target=write, args=(lake, change, number, start))
        for number in range(PROCESSES)
    ]
    for one in processes:
        one.start()
    for one in processes:
        one.join(60)
    assert [one.exitcode for one in processes] == [0] * PROCESSES
    assert len(read(lake)) == PROCESSES
    lock = (lake.home / path).with_name(f".{Path(path).name}.lock")
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600


def test_a_writer_that_does_not_hold_the_file_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "scanners.csv"
    with pytest.raises(RuntimeError, match="within 'with editing"):
        lines.write_lines(path, ("a",), [])
    assert not path.exists()

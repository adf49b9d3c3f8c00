"""Runs that meet take turns."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from protocol_assets.lake.turns import publications_turn, report_turn
from protocol_assets.lake.zones import Lake

PROCESSES = multiprocessing.get_context("spawn")
TURNS: list[Callable[[Lake], AbstractContextManager[object]]] = [report_turn, publications_turn]


def write(turn: Callable[[Lake], AbstractContextManager[object]], home: Path, name: str) -> None:
    with turn(Lake(home)):
        for step in range(20):
            with (home / "steps").open("a") as file:
                file.write(f"{name} {step}\n")
            time.sleep(0.002)


def hold(home: Path) -> None:
    with report_turn(Lake(home)):
        (home / "held").touch()
        signal.pause()


@pytest.mark.parametrize("turn", TURNS)
def test_the_steps_of_two_runs_do_not_mix(
    turn: Callable[[Lake], AbstractContextManager[object]], tmp_path: Path
) -> None:
    runs = [PROCESSES.Process(target=write, args=(turn, tmp_path, name)) for name in "ab"]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert [run.exitcode for run in runs] == [0, 0]
    names = [line.split()[0] for line in (tmp_path / "steps").read_text().splitlines()]
    assert len(names) == 40
    assert len(set(names[:20])) == len(set(names[20:])) == 1


def test_the_turn_of_a_killed_run_is_over(tmp_path: Path) -> None:
    run = PROCESSES.Process(target=hold, args=(tmp_path,))
    run.start()
    ends = time.monotonic() + 60
    while not (tmp_path / "held").exists():
        assert time.monotonic() < ends
        time.sleep(0.01)
    run.kill()
    run.join(60)
    with report_turn(Lake(tmp_path)):
        pass


def test_who_holds_a_turn_goes_on_holding_it(tmp_path: Path) -> None:
    with (
        report_turn(Lake(tmp_path)),
        report_turn(Lake(tmp_path)),
        publications_turn(Lake(tmp_path)),
    ):
        pass

"""Every operation on the disk of every piece of work fails once, and ends the process once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from protocol_assets.lake.zones import Lake
from tests.crash.homes import content_of
from tests.crash.injection import KINDS, run_with_fault
from tests.crash.month_scenarios import MONTH_SCENARIOS
from tests.crash.scenarios import SCENARIOS, quick_gates, start

ALL: Final = SCENARIOS | MONTH_SCENARIOS
_MEMORY: Final = Path("/dev/shm")


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    with quick_gates():
        yield


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of homes are made and deleted."""
    if not os.access(_MEMORY, os.W_OK):
        yield tmp_path_factory.mktemp("homes")
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def bases(memory: Path) -> Any:
    """The home that a scenario starts from, and what an undisturbed run makes of it."""

    @cache
    def base(name: str) -> tuple[Path, dict[str, Any]]:
        scenario = ALL[name]
        home = memory / name / "home"
        scenario.prepare(Lake(home))
        done = home.with_name("done")
        shutil.copytree(home, done, symlinks=True)
        start(Lake(done))
        scenario.work(Lake(done))
        scenario.finished(Lake(done))
        return home, content_of(done)

    return base


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALL)
def test_no_fault_of_the_disk_breaks_a_home(
    name: str, kind: str, bases: Any, memory: Path, record_property: Any
) -> None:
    base, expected = bases(name)
    points = inject(name, kind, base, expected, memory)
    record_property("injection_points", points)
    # DuckDB writes its own files: a piece of work may write nothing itself that could be torn.
    assert points or kind in ("torn", "power")


def inject(
    name: str, kind: str, base: Path, expected: dict[str, Any], folder: Path, step: int = 1
) -> int:
    """Let each operation in turn fail, or each ``step``-th; how many there were."""
    points = 0
    for moment in count(1, step):
        with tempfile.TemporaryDirectory(dir=folder) as own:
            shutil.copytree(base, Path(own) / "home", symlinks=True)
            if not survives(Lake(Path(own) / "home"), name, kind, moment, expected):
                return points
        points += 1
    return points


def survives(lake: Lake, name: str, kind: str, moment: int, expected: dict[str, Any]) -> bool:
    """Whether there was an operation to fail; a home that is not sound afterwards is an error."""
    scenario = ALL[name]
    place = f"{name}, {kind} at operation {moment}"
    ended = run_with_fault(lambda: scenario.work(lake), kind, moment)
    if ended.is_whole:
        return False
    try:
        scenario.check(lake)
        start(lake)
        scenario.started(lake)
        scenario.work(lake)
        scenario.finished(lake)
    except Exception as error:
        raise AssertionError(f"{place}: {error!r}; it had said: {ended.text}") from error
    found = content_of(lake.home)
    names = sorted(found.keys() | expected)
    differing = [one for one in names if found.get(one) != expected.get(one)]
    assert not differing, f"{place}: {differing}"
    return True

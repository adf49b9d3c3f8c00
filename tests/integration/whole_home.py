"""A simulated PACS, and a home that a run of the command line has filled, to damage or share."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final

import pytest

from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings
from protocol_assets_simulator import Answer, Fleet, SimulatedPacs
from tests.crash.homes import content_of

__all__ = ["DAYS", "PACS", "Process", "WholeHome", "filled_home", "wait_for_any"]

ROOT: Final = Path(__file__).parents[2]
DAYS: Final = tuple(dt.date(2026, 2, day) for day in (2, 3, 4))
PACS: Final = "north"
_PATIENCE_S: Final = 900
_HAS_NEW: Final = threading.Condition()
_MADE_FROM_THE_DATA: Final = ("restricted/raw", "restricted/series", "restricted/labels", "safe")


class HoldingPacs(SimulatedPacs):
    """Answers for studies are held back while ``is_open`` is not set."""

    def __init__(self) -> None:
        super().__init__(Fleet(seed=3, scanners=4, studies=40, start=DAYS[0], end=DAYS[-1]))
        self.is_open = threading.Event()
        self.is_open.set()

    def send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if handler.path.endswith("/metadata"):
            assert self.is_open.wait(_PATIENCE_S)
        super().send(handler, answer)


class Process:
    """A child whose lines are read as they come, so that a test can wait for one of them."""

    def __init__(self, *arguments: str) -> None:
        self.text = ""
        self._has_ended = False
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.one_run", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            with _HAS_NEW:
                self.text += line
                _HAS_NEW.notify_all()
        with _HAS_NEW:
            self._has_ended = True
            _HAS_NEW.notify_all()

    @property
    def has_ended(self) -> bool:
        return self._has_ended

    def wait_for(self, words: str) -> None:
        """Wait until it has said something; fail where it ends before."""
        wait_for_any([self], words)

    def go_on(self) -> None:
        """Let it go on after a pause."""
        assert self._child.stdin is not None
        self._child.stdin.write("\n")
        self._child.stdin.flush()

    def kill(self) -> None:
        """End it with SIGKILL; nothing where it has ended."""
        self._child.kill()

    def end(self) -> int:
        """Wait for its end; gives the exit code."""
        code = self._child.wait(_PATIENCE_S)
        self._reader.join(_PATIENCE_S)
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
        return code


def wait_for_any(processes: Sequence[Process], words: str) -> None:
    """Wait until one of them has said something; fail where all end before."""
    with _HAS_NEW:
        _HAS_NEW.wait_for(
            lambda: (
                any(words in one.text for one in processes)
                or all(one.has_ended for one in processes)
            ),
            _PATIENCE_S,
        )
    assert any(words in one.text for one in processes), [one.text for one in processes]


class WholeHome:
    """A deployment with one PACS; its home can be filled and put back as it was.

    Attributes:
        pacs: The PACS, which answers.
        settings: The deployment.
    """

    def __init__(self, folder: Path, pacs: HoldingPacs) -> None:
        self.pacs = pacs
        self._folder = folder
        self.settings = Settings.load()

    @property
    def home(self) -> Path:
        return self.settings.home

    def materialize(self, first: dt.date, last: dt.date) -> tuple[str, ...]:
        """The arguments with which ``Process`` lands days and writes the report."""
        days = ("--from", first.isoformat(), "--to", last.isoformat())
        return ("main", "materialize", "--pacs", PACS, *days)

    def keep(self, name: str) -> None:
        """Remember how the home is now."""
        shutil.copytree(self.home, self._folder / name, symlinks=True)

    def put_back(self, name: str | None) -> None:
        """Make the home as it was when it was kept; empty where ``name`` is None."""
        shutil.rmtree(self.home, ignore_errors=True)
        if name is not None:
            shutil.copytree(self._folder / name, self.home, symlinks=True)

    def content(self) -> dict[str, Any]:
        """What was made from the PACS's data, without times and what a run cost."""
        found = content_of(self.home)
        return {
            name: content
            for name, content in found.items()
            if name.startswith((*_MADE_FROM_THE_DATA, "publish"))
            and not name.endswith(("warehouse.duckdb", ".pdf"))
        }


@contextmanager
def filled_home(folder: Path) -> Iterator[WholeHome]:
    """A home that one run alone has filled, kept as ``alone``."""
    with HoldingPacs() as pacs, pytest.MonkeyPatch.context() as patch:
        configuration = folder / "protocol_assets.toml"
        configuration.write_text(
            f'home = "home"\nstart_date = {DAYS[0]}\nend_date = {DAYS[-1]}\n'
            f'[[pacs]]\nname = "{PACS}"\nurl = "{pacs.url(PACS)}"\nrequests_per_second = 1000\n',
            encoding="utf-8",
        )
        patch.setenv(CONFIG_VARIABLE, str(configuration))
        patch.setenv(KEY_VARIABLE, bytes(range(32)).hex())
        patch.delenv(HOME_VARIABLE, raising=False)
        patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        one = WholeHome(folder, pacs)
        run = Process(*one.materialize(DAYS[0], DAYS[-1]))
        assert run.end() == 0, run.text
        assert f"{len(DAYS)} of {len(DAYS)} partitions landed" in run.text
        one.keep("alone")
        yield one

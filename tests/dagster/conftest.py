"""A small deployment on a simulated PACS, through the real assets."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings
from protocol_assets_simulator import Answer, Fleet, Request, SimulatedPacs

FIRST = dt.date(2026, 2, 2)
LAST = dt.date(2026, 2, 6)


class WilfulPacs(SimulatedPacs):
    """A PACS that answers as a test wishes: ``spoil`` sees the plain request and answer."""

    spoil: Callable[[Request, Answer], Answer] | None = None
    requests: int = 0

    def respond(self, request: Request) -> Answer:
        self.requests += 1
        if self.spoil is None:
            return super().respond(request)
        plain = Request(request.path, request.query, {**request.headers, "Accept-Encoding": ""})
        return self.spoil(request, super().respond(plain))


@pytest.fixture(scope="module")
def pacs() -> Iterator[WilfulPacs]:
    """Two sites with five days."""
    fleet = Fleet(seed=3, scanners=4, studies=40, start=FIRST, end=LAST)
    with WilfulPacs(fleet) as server:
        yield server


@pytest.fixture(scope="module")
def deployment(pacs: WilfulPacs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a deployment that is no demo, with its key in the environment."""
    folder = tmp_path_factory.mktemp("deployment")
    names = pacs.fleet.sites
    tables = "".join(
        f'[[pacs]]\nname = "{name}"\nurl = "{pacs.url(name)}"\nrequests_per_second = 1000\n'
        for name in names
    )
    head = f'home = "home"\nstart_date = {FIRST}\nend_date = {LAST}\n'
    path = folder / "protocol_assets.toml"
    path.write_text(head + tables, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CONFIG_VARIABLE, str(path))
        patch.setenv(KEY_VARIABLE, bytes(range(32)).hex())
        patch.delenv(HOME_VARIABLE, raising=False)
        patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        yield Settings.load()


def other_study_date(path_part: str) -> Callable[[Request, Answer], Answer]:
    """Metadata of the studies whose path holds ``path_part`` claim another study day."""

    def spoil(request: Request, answer: Answer) -> Answer:
        if not request.path.endswith("metadata") or path_part not in request.path:
            return answer
        instances = json.loads(answer.body)
        for instance in instances:
            instance["00080020"]["Value"] = ["20200101"]
        return Answer(answer.status, json.dumps(instances).encode(), answer.headers)

    return spoil


@pytest.fixture(scope="session")
def repository() -> Path:
    """The clone."""
    return Path(__file__).parents[2]

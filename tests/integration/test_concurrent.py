"""Two processes at once on one home: both end well, and the result is that of one run alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pytest
from dagster import DagsterInstance

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.home import prepare_home
from protocol_assets.lake.warehouse_file import can_be_read
from protocol_assets.lake.zones import Lake
from protocol_assets.publishing.versions import version_name
from tests.integration.whole_home import DAYS, PACS, Process, WholeHome, wait_for_any

WAITING = "waiting for another run, which works on"


def test_the_command_line_and_a_run_of_the_sensor_on_the_same_days(whole_home: WholeHome) -> None:
    whole_home.put_back("alone")
    alone = whole_home.content()
    whole_home.put_back(None)
    prepare_home(Deployment(whole_home.settings))
    # Dagster's store is made once: processes that start together would each make it.
    DagsterInstance.from_config(str(Lake(whole_home.settings.home).dagster_home)).dispose()
    whole_home.pacs.is_open.clear()
    sensor = ("sensor", PACS, DAYS[1].isoformat(), DAYS[-1].isoformat())
    runs = [Process(*whole_home.materialize(DAYS[0], DAYS[-1])), Process(*sensor)]
    try:
        wait_for_any(runs, WAITING)
        whole_home.pacs.is_open.set()
        assert [run.end() for run in runs] == [0, 0], [run.text for run in runs]
    finally:
        whole_home.pacs.is_open.set()
        for run in runs:
            run.kill()
    assert f"{len(DAYS)} of {len(DAYS)} partitions landed" in runs[0].text
    assert whole_home.content() == alone


@dataclass
class Published:
    """A home whose newest warehouse is not published yet.

    Attributes:
        home: The home; kept as ``before``.
        operations: Operations on the disk that publishing and the report take.
        alone: Its content after one run alone.
    """

    home: WholeHome
    operations: int
    alone: dict[str, Any]

    def publisher(self, moment: int = 0) -> Process:
        return Process("publish", str(moment))

    @property
    def tables(self) -> dict[str, Any]:
        """What is published."""
        return {
            name: content
            for name, content in self.home.content().items()
            if name.startswith("publish/") and "/." not in name
        }


@pytest.fixture(scope="module")
def published(whole_home: WholeHome) -> Published:
    whole_home.put_back("alone")
    lake = Lake(whole_home.settings.home)
    newest = lake.warehouse.read_bytes()
    with duckdb.connect(str(lake.warehouse)) as connection:
        connection.execute(
            "delete from published.completeness_daily where study_date = ?", [DAYS[-1]]
        )
    run_to_its_end(Process("publish"))
    lake.warehouse.write_bytes(newest)
    whole_home.keep("before")
    before = lake.marts.readlink()
    text = run_to_its_end(Process("publish"))
    assert lake.marts.readlink() != before, "there was something to publish"
    count = next(line for line in text.splitlines() if line.endswith(" operations"))
    return Published(whole_home, int(count.split()[0]), whole_home.content())


def run_to_its_end(process: Process) -> str:
    assert process.end() == 0, process.text
    return process.text


@dataclass
class Reader:
    """Somebody who reads what is published, again and again.

    Attributes:
        seen: Names of the versions that were seen.
        wrong: What was not whole.
    """

    lake: Lake
    seen: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def read(self) -> None:
        version = self.lake.marts.resolve()
        if version_name(version) != version.name:
            self.wrong.append(f"version {version.name}")
        if version.name not in self.seen:
            self.seen.append(version.name)
        for page in self.lake.publish.glob("reports/*/report.html"):
            if not page.read_bytes().rstrip().endswith(b"</html>"):
                self.wrong.append("report")


@contextmanager
def reading(lake: Lake) -> Iterator[Reader]:
    """Read all the time, and fail where anything was not whole."""
    reader, is_over = Reader(lake), threading.Event()

    def work() -> None:
        try:
            while not is_over.wait(0.02):
                reader.read()
        except OSError as error:
            reader.wrong.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield reader
    finally:
        is_over.set()
        thread.join()
    reader.read()
    assert reader.wrong == []
    assert 1 <= len(reader.seen) <= 2, "the version before, and the one after"


def test_two_publishers_at_once(published: Published) -> None:
    published.home.put_back("before")
    with reading(Lake(published.home.settings.home)):
        first = published.publisher(published.operations // 2)
        first.wait_for("paused")
        second = published.publisher()
        try:
            second.wait_for(WAITING)
            first.go_on()
            run_to_its_end(first)
            run_to_its_end(second)
        finally:
            first.kill()
            second.kill()
    assert published.home.content() == published.alone


@pytest.mark.parametrize("share", [0.05, 0.45, 0.65, 0.95])
def test_a_publisher_that_is_killed_holds_up_nobody(published: Published, share: float) -> None:
    """In the midst of the tables, of the swap, of the copy for readers, of the report."""
    published.home.put_back("before")
    lake = Lake(published.home.settings.home)
    with reading(lake):
        victim = published.publisher(max(1, round(published.operations * share)))
        victim.wait_for("paused")
        other = published.publisher()
        try:
            other.wait_for(WAITING)
            victim.kill()
            victim.end()
            run_to_its_end(other)
        finally:
            victim.kill()
            other.kill()
    assert can_be_read(lake.reading_copy)
    expected = {k: v for k, v in published.alone.items() if k.startswith("publish/")}
    assert published.tables == expected
    run_to_its_end(published.publisher())
    assert published.home.content() == published.alone


def test_a_publisher_that_is_killed_while_it_waits(published: Published) -> None:
    published.home.put_back("before")
    with reading(Lake(published.home.settings.home)):
        first = published.publisher(published.operations // 2)
        first.wait_for("paused")
        victim = published.publisher()
        try:
            victim.wait_for(WAITING)
            victim.kill()
            victim.end()
            first.go_on()
            run_to_its_end(first)
        finally:
            first.kill()
            victim.kill()
    assert published.home.content() == published.alone
    run_to_its_end(published.publisher())
    assert published.home.content() == published.alone

"""How far a range of days has landed: a bar for each PACS on a terminal, otherwise lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.progress import TaskID

from protocol_assets.lake.zones import Partition
from protocol_assets.terminal import is_interactive, progress_bar, say_error

__all__ = ["Tell", "day_progress"]

Tell = Callable[[Partition, int, int], None]
"""Called with partition, studies done and studies listed."""

_MANY: Final = dt.timedelta(days=62)
_DAY: Final = dt.timedelta(days=1)


@contextmanager
def day_progress(first: dt.date, last: dt.date) -> Iterator[Tell]:
    """Show the progress of landing while the context is open.

    Args:
        first: The first study day.
        last: The last one.
    """
    if not is_interactive():
        yield _say_day if last - first < _MANY else _say_month
        return
    with progress_bar() as progress:
        tasks: dict[str, TaskID] = {}
        days = (last - first).days + 1

        def tell(partition: Partition, done: int, listed: int) -> None:
            if partition.pacs not in tasks:
                tasks[partition.pacs] = progress.add_task(partition.pacs, total=days)
            reached = (partition.day - first).days + (done / listed if listed else 1)
            description = f"{partition.day} {partition.pacs}"
            progress.update(tasks[partition.pacs], completed=reached, description=description)

        yield tell


def _say_day(partition: Partition, done: int, listed: int) -> None:
    if done == listed:
        studies = "1 study" if listed == 1 else f"{listed} studies"
        say_error(f"{partition.day} {partition.pacs}: {studies}")


def _say_month(partition: Partition, done: int, listed: int) -> None:
    if done == listed and (partition.day + _DAY).day == 1:
        say_error(f"{partition.day:%Y-%m} {partition.pacs}: landed")

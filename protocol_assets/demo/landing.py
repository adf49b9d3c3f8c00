"""The demo's days from the PACS to facts, each PACS in a process of its own.

The processes do what two of Dagster's runs would do at the same time.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Final

import dagster as dg

from protocol_assets.app.deployment import Deployment
from protocol_assets.lake.zones import Partition
from protocol_assets.runner import PartitionOutcome, Runner

__all__ = ["Landing", "landing"]

_SPAWN: Final = multiprocessing.get_context("spawn")
_LOOK_S: Final = 0.2
_progress: Any = None


class Landing:
    """Processes that land days and report their progress."""

    def __init__(self, pool: ProcessPoolExecutor, progress: Any, tell: Any, pacs: Sequence[str]):
        self._pool, self._progress, self._tell, self._pacs = pool, progress, tell, pacs

    def land(self, first: dt.date, last: dt.date) -> list[PartitionOutcome]:
        """Land the days of every PACS and make their facts.

        Args:
            first: The first study day.
            last: The last one.
        """
        jobs = [self._pool.submit(_land, name, first, last) for name in self._pacs]
        while wait(jobs, timeout=_LOOK_S).not_done:
            self._pass_on()
        self._pass_on()
        return [outcome for job in jobs for outcome in job.result()]

    def _pass_on(self) -> None:
        while True:
            try:
                self._tell(*self._progress.get_nowait())
            except queue.Empty:
                return


@contextmanager
def landing(deployment: Deployment, tell: Any) -> Iterator[Landing]:
    """Start a process for each PACS of a deployment.

    Args:
        deployment: The deployment that the environment names.
        tell: Called with partition, studies done and studies listed.
    """
    names = deployment.pacs_names
    # Dagster makes its database with the first instance, which must not happen twice at once.
    Runner(deployment)
    dg.DagsterInstance.get().dispose()
    progress = _SPAWN.Queue()
    pool = ProcessPoolExecutor(
        len(names), mp_context=_SPAWN, initializer=_prepare, initargs=(progress,)
    )
    try:
        yield Landing(pool, progress, tell, names)
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare(progress: Any) -> None:
    global _progress
    _progress = progress


def _land(pacs: str, first: dt.date, last: dt.date) -> list[PartitionOutcome]:
    def tell(partition: Partition, done: int, listed: int) -> None:
        _progress.put((partition, done, listed))

    return list(Runner(Deployment.load(), tell).ingest(pacs, first, last))

"""Locks between runs: runs that need the same data wait for each other.

To avoid deadlocks, locks are always taken in this order: the report, the key (``key_record``), a
partition, its PACS, the publications.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from protocol_assets.lake.zones import Lake

__all__ = ["publications_turn", "report_turn"]


@contextmanager
def report_turn(lake: Lake) -> Iterator[Lake]:
    """Exclude all others from building the warehouse, analysing, publishing and reporting.

    A report is made in several steps, each of which reads the results of the previous one. Two runs
    at the same time would mix their results.

    Yields:
        The lake.
    """
    with lake.storage.locks.exclusive("report", wait=True, what="the warehouse and the report"):
        yield lake


@contextmanager
def publications_turn(lake: Lake) -> Iterator[None]:
    """Exclude all others from publishing and from changing the ledger of publications."""
    with lake.storage.locks.exclusive("publications", wait=True, what="the publications"):
        yield

"""Whose turn it is: runs that meet wait for each other, and both end well.

Locks are taken in this order, so that no two runs wait for each other: the report, the key
(``key_record``), a partition, its PACS, the publications.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from protocol_assets.lake.zones import Lake

__all__ = ["publications_turn", "report_turn"]


@contextmanager
def report_turn(lake: Lake) -> Iterator[Lake]:
    """Within, nobody else builds the warehouse, analyses, publishes or writes the report.

    A report is made in several steps, each of which reads what the one before it has written: two
    at the same time would publish a warehouse that is half the other's.

    Yields:
        The lake.
    """
    with lake.storage.locks.exclusive("report", wait=True, what="the warehouse and the report"):
        yield lake


@contextmanager
def publications_turn(lake: Lake) -> Iterator[None]:
    """Within, nobody else publishes or changes the ledger of publications."""
    with lake.storage.locks.exclusive("publications", wait=True, what="the publications"):
        yield

"""The error about a damaged part: its place, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from protocol_assets.faults import Fault
from protocol_assets.storage.parquet import DamagedTableError

__all__ = ["DamagedPartError", "damaged_parts_named"]

_NAMED: Final = 4
"""Data set, study date, PACS and file; more of a key is not shown in messages."""


class DamagedPartError(Fault):
    """A part is damaged; the message names its place and nothing of its content."""


@contextmanager
def damaged_parts_named(key: str) -> Iterator[None]:
    """Name the place of a part in the error that it is damaged.

    Raises:
        DamagedPartError: In place of a ``DamagedTableError``.
    """
    try:
        yield
        return
    except DamagedTableError:
        place = "/".join(key.split("/")[-_NAMED:])
    raise DamagedPartError(f"{place} is damaged; run protocol-assets verify --repair")

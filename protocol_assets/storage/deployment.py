"""The storage of one deployment: the ports that it uses, put together."""

from __future__ import annotations

from dataclasses import dataclass

from protocol_assets.storage.documents import Documents
from protocol_assets.storage.parquet import Tables
from protocol_assets.storage.ports import Locks, Logs, ObjectStore, StateStore

__all__ = ["Storage"]


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the data, locks, shared states and logs of a deployment are.

    Attributes:
        objects: Its data.
        locks: Its locks.
        states: Its shared states.
        logs: Its logs.
    """

    objects: ObjectStore
    locks: Locks
    states: StateStore
    logs: Logs

    @property
    def documents(self) -> Documents:
        """The small JSON documents among its data."""
        return Documents(self.objects)

    @property
    def tables(self) -> Tables:
        """The Parquet tables among its data."""
        return Tables(self.objects)

"""The storage of one deployment: the ports that it uses, put together."""

from __future__ import annotations

from dataclasses import dataclass

from protocol_assets.storage.documents import Documents
from protocol_assets.storage.ports import Locks, ObjectStore, StateStore

__all__ = ["Storage"]


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the data, locks and shared states of a deployment are.

    Attributes:
        objects: Its data.
        locks: Its locks.
        states: Its shared states.
    """

    objects: ObjectStore
    locks: Locks
    states: StateStore

    @property
    def documents(self) -> Documents:
        """The small JSON documents among its data."""
        return Documents(self.objects)

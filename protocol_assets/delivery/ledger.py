"""The ledger of reports: which address of which list has had which day, whoever runs it again.

``safe/deliveries/reports/<list>/<day>.json`` holds, by a digest of the address, ``claimed`` just
before the line that ends a message, and after the server's answer ``sent`` or nothing. A process
that dies between the two leaves ``claimed``: nobody knows, and it is not sent again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.documents import DamagedDocumentError, Documents

__all__ = ["Deliveries", "State", "newest_delivery", "open_deliveries"]

State = Literal["claimed", "sent", "refused"]


class Deliveries:
    """What became of one day of one list; held by one process at a time."""

    def __init__(self, documents: Documents, key: str) -> None:
        """Read the document; ``open_deliveries`` does."""
        self._documents, self._key = documents, key
        self._states = _read(documents, key)

    def having(self, state: State, addresses: Iterable[str]) -> list[str]:
        """Those of some addresses that are in a state."""
        return [one for one in addresses if self._states.get(_digest(one)) == state]

    def untold(self, addresses: Iterable[str]) -> list[str]:
        """Those of some addresses that nothing was tried to the end for."""
        return [one for one in addresses if _digest(one) not in self._states]

    def mark(self, addresses: Iterable[str], state: State | None) -> None:
        """Write a state on disk before anything else happens; None for none."""
        for one in addresses:
            self._states.pop(_digest(one), None)
            if state is not None:
                self._states[_digest(one)] = state
        self._documents.write(self._key, self._states)


@contextmanager
def open_deliveries(lake: Lake, name: str, day: dt.date) -> Iterator[Deliveries]:
    """The ledger of one day of one list; another process waits until the block ends.

    Raises:
        Fault: The file is damaged.
    """
    what = f"the delivery to {name}"
    with lake.storage.locks.exclusive(f"delivery-{name}", wait=True, what=what):
        yield Deliveries(lake.storage.documents, f"{_prefix(lake, name)}/{day.isoformat()}.json")


def newest_delivery(lake: Lake, name: str) -> dt.date | None:
    """The newest day that was handed over to a list."""
    keys = lake.storage.objects.list_keys(f"{_prefix(lake, name)}/*-*-*.json")
    days = [key.rpartition("/")[2].removesuffix(".json") for key in keys]
    return dt.date.fromisoformat(max(days)) if days else None


def _prefix(lake: Lake, name: str) -> str:
    return f"{lake.deliveries}/reports/{name}"


def _digest(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:16]


def _read(documents: Documents, key: str) -> dict[str, State]:
    try:
        return documents.read(key) or {}
    except DamagedDocumentError:
        pass
    name = "/".join(key.split("/")[-2:])
    raise Fault(
        f"the ledger of deliveries {name} is damaged; nothing is sent for "
        "that day until it is deleted, and then it is sent anew"
    )

"""The ledger of alerts: what was sent to whom, so that an alert is sent once while it lasts.

``safe/deliveries/alerts/<source>.json`` holds an entry for each alert that was sent or waits.
A line that could not be sent waits for the next tick. One that was sent while its process died may
be told twice: of an alert, twice is better than never.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from protocol_assets.faults import Fault, safe_message
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.documents import DamagedDocumentError

__all__ = ["Channels", "Outbox", "Send", "Told", "deliver", "keep_standing", "open_outbox"]

Send = Callable[[Sequence[str]], None]
"""Sends some lines as one message; raises ``Fault`` where it could not."""
Channels = Mapping[str, Send]
"""Ways to the people of an audience, by name."""

_LOCK: Final = "alerts"


@dataclass(slots=True)
class Told:
    """One alert that was sent, or waits to be.

    Attributes:
        line: Its text.
        since: ISO 8601 day or moment that the source compares by.
        is_over: Whether it has ended: if it comes back, it is sent again.
        waits_for: Channels that it has not gone through yet.
    """

    line: str
    since: str = ""
    is_over: bool = False
    waits_for: list[str] = field(default_factory=list)


Outbox = dict[str, Told]
"""By a key that says what the thing is."""


@contextmanager
def open_outbox(lake: Lake, source: str) -> Iterator[Outbox]:
    """The entries of a source, written back when the block ends; one process at a time.

    Raises:
        Fault: The file is damaged.
    """
    documents, key = lake.storage.documents, f"{lake.deliveries}/alerts/{source}.json"
    with lake.storage.locks.exclusive(
        f"{_LOCK}-{source}", wait=True, what=f"the alerts of {source}"
    ):
        entries: Outbox | None = None
        try:
            content = documents.read(key) or {}
            entries = {key: Told(**entry) for key, entry in content.items()}
        except (DamagedDocumentError, TypeError):
            entries = None
        if entries is None:
            raise Fault(f"the ledger of alerts {source}.json is damaged; delete it to begin anew")
        before = _content(entries)
        try:
            yield entries
        finally:
            after = _content(entries)
            if after != before:
                documents.write(key, after)


def keep_standing(entries: Outbox, standing: Mapping[str, str], channels: Channels) -> None:
    """Add what is new, and forget what has ended: if it comes back, it is sent again.

    Args:
        entries: Of the source; changed.
        standing: Lines of what is true now, by key.
        channels: Where they go.
    """
    for key in entries.keys() - standing.keys():
        del entries[key]
    for key, line in standing.items():
        if key not in entries:
            entries[key] = Told(line, waits_for=list(channels))


def deliver(entries: Collection[Told], channels: Channels) -> list[str]:
    """Send what waits: one message a channel, with a line for each thing.

    Args:
        entries: Of some sources; changed.
        channels: Where they go; what waits for another one is let go.

    Returns:
        One line for each channel that could not be reached; what waits for it waits on.
    """
    problems = []
    for entry in entries:
        entry.waits_for = [name for name in entry.waits_for if name in channels]
    for name, send in channels.items():
        waiting = [entry for entry in entries if name in entry.waits_for]
        if not waiting:
            continue
        try:
            send([entry.line for entry in waiting])
        except Exception as error:
            problems.append(f"{name}: {safe_message(error)}")
            continue
        for entry in waiting:
            entry.waits_for.remove(name)
    return problems


def _content(entries: Outbox) -> dict[str, dict[str, Any]]:
    return {key: asdict(entry) for key, entry in entries.items()}

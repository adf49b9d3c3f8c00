"""Which key the lake's pseudonyms were made with, according to the data and to a record of it.

Every manifest and every part of series, labels, facts and publications carries the identifier of
its key, which reveals nothing about the key. ``restricted/key_id`` records it. If the record is
lost, it is restored from the data; if the two disagree, the data are right.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from protocol_assets.faults import Fault
from protocol_assets.lake.damaged_parts import DamagedPartError
from protocol_assets.lake.manifest import read_manifest
from protocol_assets.lake.months import month_keys, part_key, read_month
from protocol_assets.lake.parquet import part_versions
from protocol_assets.lake.zones import DATA_SETS, Lake, Partition

__all__ = [
    "OtherKeyError",
    "changing_key",
    "claim_key",
    "describe_keys",
    "find_key_ids",
    "key_problem",
    "known_key_id",
    "record_key_id",
    "recorded_key_id",
    "using_key",
]

_KEY_ID: Final = re.compile(r"[A-Z2-7]{8}(-[A-Z2-7]{8})?")
_RAW: Final = "restricted/raw"
_LOCK: Final = "key"
_WHAT: Final = "the key of this home"


class OtherKeyError(Fault):
    """The key is not the one that the data were made with."""


def recorded_key_id(lake: Lake) -> str | None:
    """The recorded identifier of the key; None before the first partition, or if lost."""
    text = (lake.storage.objects.read(lake.key_record) or b"").decode("ascii", "replace").strip()
    return text if _KEY_ID.fullmatch(text) else None


def known_key_id(lake: Lake) -> str | None:
    """The identifier of the key, from the record or the data; None before the first partition."""
    recorded = recorded_key_id(lake)
    if recorded is not None:
        return recorded
    return max(find_key_ids(lake), default=None)


def record_key_id(lake: Lake, key_id: str) -> None:
    """Record the key."""
    if recorded_key_id(lake) != key_id:
        lake.storage.objects.write(lake.key_record, f"{key_id}\n".encode("ascii"))


def find_key_ids(lake: Lake, *, every: bool = False) -> Counter[str]:
    """The keys that the data carry, with the number of files of each.

    Damaged files are skipped; ``verify`` reports them.

    Args:
        lake: The lake.
        every: Read all files instead of those of the oldest and the newest day of each data set.
    """
    found: Counter[str] = Counter()
    for data_set in (_RAW, *DATA_SETS):
        for prefix in _partitions(lake, data_set, every=every):
            found.update(_carried(lake, prefix))
    for data_set in DATA_SETS:
        months = list(month_keys(lake, data_set))
        for month in months if every else dict.fromkeys([*months[:1], *months[-1:]]):
            found.update(_of_month(lake, data_set, month))
    for key in lake.storage.objects.list_keys(f"{lake.publications}/**/*.parquet"):
        found.update(_of_part(lake, key))
    return found


def _partitions(lake: Lake, data_set: str, *, every: bool) -> Iterator[str]:
    days = lake.storage.objects.list_prefixes(f"{data_set}/study_date=*")
    for day in days if every else dict.fromkeys([*days[:1], *days[-1:]]):
        yield from lake.storage.objects.list_prefixes(f"{day}/pacs=*")


def _carried(lake: Lake, prefix: str) -> Iterator[str]:
    if not prefix.startswith(_RAW):
        yield from _of_part(lake, f"{prefix}/part.parquet")
        return
    try:
        manifest = read_manifest(lake, Partition.of_prefix(prefix))
    except (Fault, ValueError):
        return
    if manifest is not None and (key_id := manifest.versions.get("key_id")):
        yield key_id


def _of_month(lake: Lake, data_set: str, month: dt.date) -> Iterator[str]:
    try:
        part = read_month(lake, data_set, month)
    except DamagedPartError:
        return
    for partition in part.entries if part else ():
        yield from _of_part(lake, part_key(data_set, partition))


def _of_part(lake: Lake, key: str) -> Iterator[str]:
    try:
        key_id = part_versions(lake, key).get("key_id")
    except (Fault, OSError):
        return
    if key_id:
        yield key_id


def describe_keys(found: Mapping[str, int]) -> str:
    """The keys that the data carry, as text."""
    return ", ".join(
        f"{key_id} ({count} {'file' if count == 1 else 'files'})"
        for key_id, count in sorted(found.items())
    )


def key_problem(lake: Lake, key_id: str, *, every: bool = False) -> str:
    """Why data may not be made with a key, and what to do about it; empty if they may.

    Args:
        lake: The lake.
        key_id: Identifier of the key in the environment.
        every: Read all files instead of a few of each data set.
    """
    recorded = recorded_key_id(lake)
    found = find_key_ids(lake, every=every)
    if not every and (recorded != key_id or found.keys() - {key_id}):
        found = find_key_ids(lake, every=True)
    if len(found) > 1:
        return (
            f"the key is {key_id}, and the data were made with several keys: "
            f"{describe_keys(found)}; run protocol-assets rekey, which brings all of them to the "
            "key that is set"
        )
    made_with = next(iter(found), recorded)
    if made_with in (None, key_id):
        return ""
    return (
        f"the key is {key_id}, the lake's pseudonyms were made with {made_with}; "
        "set that key again, or change over with protocol-assets rekey"
    )


def claim_key(lake: Lake, key_id: str) -> None:
    """Record a key before data are made with it; two runs cannot start with different keys.

    Raises:
        OtherKeyError: Another run has started with another key.
    """
    if recorded_key_id(lake) == key_id:
        return
    with lake.storage.locks.exclusive(_LOCK, wait=True, what=_WHAT):
        if problem := key_problem(lake, key_id):
            raise OtherKeyError(problem)
        record_key_id(lake, key_id)


@contextmanager
def using_key(lake: Lake, key_id: str) -> Iterator[None]:
    """Hold the key: no other process can change it within the block.

    Raises:
        OtherKeyError: It was changed since this run started.
    """
    with lake.storage.locks.shared(_LOCK, what=_WHAT):
        recorded = recorded_key_id(lake)
        if recorded not in (None, key_id):
            raise OtherKeyError(
                f"the key was changed from {key_id} to {recorded} while this run went on; set the "
                "new key and run again"
            )
        yield


@contextmanager
def changing_key(lake: Lake) -> Iterator[None]:
    """Change the key: waits for runs that make data with it, and excludes new ones."""
    with lake.storage.locks.exclusive(_LOCK, wait=True, what=_WHAT):
        yield

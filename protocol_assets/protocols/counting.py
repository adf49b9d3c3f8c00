"""Which series count: original, primary MR images that are no localizers.

Object class and image type decide; the rules are ``counting_sop_classes.csv`` and
``counting_image_types.csv``. A derived series counts where it is its acquisition's only series.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.vendors.row import Row, text, tokens

__all__ = ["Candidate", "ObjectClass", "derived_only", "exclusion_reason", "object_class"]


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """Term of a SOP class, how it encodes images, and why it does not count (None: it does)."""

    sop_class: str | None
    encoding: str | None
    exclusion_reason: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What decides whether a derived series is its acquisition's only one.

    Attributes:
        reason: Exclusion reason so far; None and ``localizer`` are originals.
        study: Study Instance UID.
        acquisition_id: Identifier of the acquisition.
        name: What the protocol calls the series.
        start: Start of the acquisition.
        scan_time_s: Its scan time in seconds.
    """

    reason: str | None
    study: str | None
    acquisition_id: str | None
    name: str | None
    start: datetime | None
    scan_time_s: float | None


def object_class(row: Row) -> ObjectClass:
    """Object class of a series; without a SOP class it cannot be shown to be MR images."""
    uid = text(row, "SOPClassUID")
    return _object_class(uid) if uid is not None else ObjectClass(None, None, "not_mr_image")


def exclusion_reason(row: Row, found: ObjectClass, is_localizer: bool) -> str | None:
    """Why a series does not count, None where it does.

    Order: object class, what the image type says beyond its first two values (reformats),
    SECONDARY, DERIVED, localizer. Image Type (0008,0008) must say ORIGINAL and PRIMARY; enhanced
    objects may say MIXED, where some frames are original.
    """
    if found.exclusion_reason is not None:
        return found.exclusion_reason
    reason = _by_image_type(tokens(row, "ImageType"))
    return "localizer" if reason is None and is_localizer else reason


def derived_only(candidates: Sequence[Candidate]) -> list[bool]:
    """For each series whether it is derived and yet the only series of its acquisition.

    An original shares its acquisition, or betrays it: the same study and name, or a scan
    that was running at that start, since a scanner runs one scan at a time. Without a start or an
    acquisition UID shared by nobody nothing shows that the original is not elsewhere: not counted.
    """
    members = Counter(c.acquisition_id for c in candidates)
    originals: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.reason in (None, "localizer") and candidate.study is not None:
            originals[candidate.study].append(candidate)
    return [
        c.reason == "derived"
        and c.start is not None
        and c.study is not None
        and members[c.acquisition_id] == 1
        and not any(_betrays(original, c) for original in originals[c.study])
        for c in candidates
    ]


def _betrays(original: Candidate, derived: Candidate) -> bool:
    if original.name is not None and original.name == derived.name:
        return True
    if original.start is None or derived.start is None:
        return False
    length = timedelta(seconds=max(original.scan_time_s or 0.0, 1.0))
    return original.start - timedelta(seconds=1) <= derived.start < original.start + length


@lru_cache(maxsize=65536)
def _by_image_type(values: tuple[str, ...]) -> str | None:
    for value in values[2:]:
        for pattern, match, reason in _image_types():
            if value == pattern or (match == "prefix" and value.startswith(pattern[:-1])):
                return reason
    first, second = (*values, "", "")[:2]
    if second == "SECONDARY":
        return "secondary"
    if first == "DERIVED":
        return "derived"
    if first in ("ORIGINAL", "MIXED") and second == "PRIMARY":
        return None
    return "image_type_missing"


@lru_cache(maxsize=1024)
def _object_class(uid: str) -> ObjectClass:
    for pattern, found in _object_classes():
        if uid == pattern or (pattern.endswith("*") and uid.startswith(pattern[:-1])):
            return found
    return ObjectClass("other", None, "not_mr_image")


@cache
def _object_classes() -> tuple[tuple[str, ObjectClass], ...]:
    rows = sorted(
        read_table("counting_sop_classes.csv"), key=lambda row: "*" in row["sop_class_uid"]
    )
    return tuple(
        (
            row["sop_class_uid"],
            ObjectClass(row["sop_class"], row["encoding"] or None, row["exclusion_reason"] or None),
        )
        for row in rows
    )


@cache
def _image_types() -> tuple[tuple[str, str, str], ...]:
    rows = sorted(read_table("counting_image_types.csv"), key=lambda row: row["match"] == "prefix")
    return tuple((row["value"], row["match"], row["exclusion_reason"]) for row in rows)

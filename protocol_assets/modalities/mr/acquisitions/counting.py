"""Which series count: original, primary MR images that are no localizers.

Object class and image type decide; the rules are ``counting_sop_classes.csv`` and
``counting_image_types.csv``. A derived series counts where it is its acquisition's only series, and
so do those of an exam that was exported as derived images.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.modalities.shared.row import Row, positive, text, tokens
from protocol_assets.modalities.shared.scanners import device_id

__all__ = [
    "Candidate",
    "ObjectClass",
    "counted_sop_classes",
    "derived_only",
    "exclusion_reason",
    "in_exported_exams",
    "is_named",
    "object_class",
]

_NOT_ORIGINAL = frozenset({"derived", "secondary"})
_TIMING = ("RepetitionTime", "EchoTime")


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """Term of a SOP class, how it encodes images, and why it does not count (None: it does)."""

    sop_class: str | None
    encoding: str | None
    exclusion_reason: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What decides whether a derived series stands for its acquisition.

    Attributes:
        reason: Exclusion reason so far; None and ``localizer`` are originals.
        acquisition: Identifier of the acquisition.
        has_original: Whether an original of it is there, or betrays that it existed.
        has_start: Whether the series tells when it was scanned.
        shows_anatomy: Whether it is a Dixon image: computed, and what the scan was made for.
        content: Equal for the same series sent twice.
        is_named: Whether the image type names it as no scan (a map, a reformat).
    """

    reason: str | None
    acquisition: str | None
    has_original: bool
    has_start: bool
    shows_anatomy: bool
    content: object
    is_named: bool = False


def counted_sop_classes() -> frozenset[str]:
    """The SOP Class UIDs of MR images whose series count, if nothing else excludes them."""
    rows = read_table("counting_sop_classes.csv")
    return frozenset(row["sop_class_uid"] for row in rows if not row["exclusion_reason"])


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
    """For each series whether it is derived and yet stands for its acquisition.

    It does where it is the only series of it; Dixon images do together (many sites store water and
    fat alone). Without a start nothing shows that the original is not elsewhere: not counted. A map
    or a reformat shows no scan, whatever else is missing.
    """
    contents: dict[str | None, set[object]] = defaultdict(set)
    for candidate in candidates:
        contents[candidate.acquisition].add(candidate.content)
    return [
        c.reason == "derived"
        and not c.is_named
        and c.has_start
        and not c.has_original
        and (c.shows_anatomy or len(contents[c.acquisition]) == 1)
        for c in candidates
    ]


def is_named(row: Row) -> bool:
    """Whether the image type names what no scan makes: a map, a reformat, a report."""
    return _named(tokens(row, "ImageType"), "all") is not None


def in_exported_exams(rows: Sequence[Row]) -> list[bool]:
    """For each series whether it is a scan of an exam that was exported as derived images.

    Some archives and workstations mark every series that they pass on as DERIVED or SECONDARY, and
    leave all else as it was. So an exam is taken for exported where neither the study nor the
    patient on that scanner has an original, and of it every image that names its repetition time
    and echo time is a scan, unless its type says what was made of scans. Whether it has a start is
    for the clocks to say.
    """
    with_original: set[tuple[str | None, ...]] = set()
    reasons = [exclusion_reason(row, object_class(row), is_localizer=False) for row in rows]
    for row, reason in zip(rows, reasons, strict=True):
        if reason is None:
            with_original.update(_whose(row))
    return [
        reason in _NOT_ORIGINAL
        and _tells_its_scan(row)
        and not _is_made(tokens(row, "ImageType"))
        and with_original.isdisjoint(_whose(row))
        for row, reason in zip(rows, reasons, strict=True)
    ]


def _whose(row: Row) -> list[tuple[str | None, ...]]:
    """The study, and the patient on the scanner where both are known."""
    patient, device = text(row, "PatientID"), device_id(row)
    found: list[tuple[str | None, ...]] = [(text(row, "StudyInstanceUID"),)]
    if patient is not None and device is not None:
        found.append((patient, device))
    return found


def _tells_its_scan(row: Row) -> bool:
    has_timing = all(positive(row, column) is not None for column in _TIMING)
    return has_timing and text(row, "StudyInstanceUID") is not None


def _is_made(values: tuple[str, ...]) -> bool:
    return any(_named(values, scope) is not None for scope in ("all", "export"))


@lru_cache(maxsize=65536)
def _named(values: tuple[str, ...], scope: str) -> str | None:
    """The exclusion reason of the first value, after the first two, that the table names."""
    for value in values[2:]:
        for pattern, match, where, reason in _image_types():
            is_match = value == pattern or (match == "prefix" and value.startswith(pattern[:-1]))
            if is_match and where == scope:
                return reason
    return None


@lru_cache(maxsize=65536)
def _by_image_type(values: tuple[str, ...]) -> str | None:
    named = _named(values, "all")
    if named is not None:
        return named
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
def _image_types() -> tuple[tuple[str, str, str, str], ...]:
    rows = sorted(read_table("counting_image_types.csv"), key=lambda row: row["match"] == "prefix")
    return tuple(
        (row["value"], row["match"], row["scope"], row["exclusion_reason"]) for row in rows
    )

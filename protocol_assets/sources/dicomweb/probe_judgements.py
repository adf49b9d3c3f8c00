"""What answers of a PACS show: pure functions from rows to findings and fields of the profile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from protocol_assets.sources.dicomweb.attributes import (
    AVAILABILITY,
    INSTANCE_COUNT,
    MODALITIES,
    SERIES_COUNT,
    STUDY_DATE,
    STUDY_UID,
    UnreadableDateError,
    count,
    day,
    texts,
    uid,
)
from protocol_assets.sources.dicomweb.instance_signs import (
    has_currency_sign,
    is_private,
    withholds_private,
)
from protocol_assets.sources.dicomweb.probe_evidence import Judgement
from protocol_assets.sources.dicomweb.probe_report import Finding, Verdict

__all__ = [
    "DATE_FILTER",
    "MODALITY_FILTER",
    "TIME_FILTER",
    "SearchFilter",
    "choose_sample",
    "judge_counts",
    "judge_elements",
    "judge_filter",
    "judge_paging",
    "judge_separators",
]

Row = dict[str, Any]

# Orthanc's main tags are about 34 elements; a whole MR header has well over 80.
_FEW_ELEMENTS: Final = 45
_MR_TIMING: Final = ("00180080", "00180083", "52009229", "52009230")


@dataclass(frozen=True)
class SearchFilter:
    """A filter, and what follows if the server does not support it."""

    item: str
    verdict: Verdict
    consequence: str


DATE_FILTER: Final = SearchFilter(
    "StudyDate filter", "warn", "each day is found by listing the whole archive."
)
TIME_FILTER: Final = SearchFilter(
    "StudyTime filter", "warn", "a limit on results could not be worked around."
)
MODALITY_FILTER: Final = SearchFilter(
    "ModalitiesInStudy filter", "ok", "studies are selected by modality after the listing."
)


def judge_paging(rows: Sequence[Row], rest: Sequence[Row], size: int) -> Judgement:
    """Whether the server supports limit and offset.

    Args:
        rows: The first page.
        rest: The page after it.
        size: Rows that were asked for.
    """
    shown = {uid(row, STUDY_UID) for row in rows}
    ignored = bool(rest) and {uid(row, STUDY_UID) for row in rest} <= shown
    known: dict[str, Any] = {"offset": not ignored}
    if ignored:
        offset = Finding("offset", "warn", "It ignores offset; days are split by StudyTime.")
    else:
        offset = Finding("offset", "ok", "It supports offset.")
    if len(rows) > size:
        sentence = f"It sends {len(rows)} rows where {size} were asked for."
        page = Finding("page", "warn", sentence)
    elif len(rows) < size and rest and not ignored:
        known["page_size"] = len(rows)
        sentence = f"It sends at most {len(rows)} rows a page, {size} asked for."
        page = Finding("page", "warn", sentence)
    else:
        page = Finding("page", "ok", f"It keeps to a limit of {size} rows.")
    return Judgement((offset, page), known)


def choose_sample(rows: Sequence[Row], modalities: Collection[str]) -> tuple[Row, date] | None:
    """A small study, if possible of one of the modalities, and its day."""
    wanted = set(modalities)
    usable = [(row, of_day) for row in rows if uid(row, STUDY_UID) and (of_day := _day_of(row))]

    def order(one: tuple[Row, date]) -> tuple[bool, int]:
        row, _ = one
        return wanted.isdisjoint(texts(row, MODALITIES)), count(row, INSTANCE_COUNT) or 10**9

    return min(usable, key=order, default=None)


def judge_filter(
    asked: SearchFilter, sample_uid: str | None, matched: Sequence[Row], missed: Sequence[Row]
) -> Judgement:
    """Whether the server supports a filter.

    Args:
        asked: The filter.
        sample_uid: A study that the server holds.
        matched: What it finds by values of the sample.
        missed: What it finds by values that the sample does not have.
    """
    held = {uid(row, STUDY_UID) for row in missed}
    known = {"time_filter": sample_uid not in held and bool(matched)}
    if sample_uid in held or (held and asked is DATE_FILTER):
        found = Finding(asked.item, asked.verdict, f"It is ignored: {asked.consequence}")
    elif not matched:
        found = Finding(asked.item, asked.verdict, f"It finds nothing: {asked.consequence}")
    else:
        found = Finding(asked.item, "ok", "It works.")
    return Judgement((found,), known if asked is TIME_FILTER else {})


def judge_counts(row: Row) -> Judgement:
    """What the listing of a study reports besides its UID."""
    has_series, has_instances = (
        count(row, tag) is not None for tag in (SERIES_COUNT, INSTANCE_COUNT)
    )
    known = {"counts": has_instances, "availability": bool(texts(row, AVAILABILITY))}
    if has_series and has_instances:
        found = Finding("counts", "ok", "It counts series and instances of a study.")
    elif has_instances:
        found = Finding("counts", "ok", "It counts instances, not series.")
    else:
        sentence = "It does not count instances, so a missing one cannot be noticed."
        found = Finding("counts", "warn", sentence)
    return Judgement((found,), known)


def judge_elements(instances: Sequence[Row]) -> Judgement:
    """Whether the headers are complete, private elements included."""
    most = max(len(instance) for instance in instances)
    tags = {key for instance in instances for key in instance}
    withheld = any(map(withholds_private, instances))
    has_private = any(map(is_private, tags))
    known = {"elements": most, "private_elements": has_private and not withheld}
    if most < _FEW_ELEMENTS or not tags & set(_MR_TIMING):
        elements = Finding(
            "elements",
            "fail" if most < _FEW_ELEMENTS else "warn",
            f"It gives {most} elements an instance and may leave out NEX and TR: probably main"
            " tags only (Orthanc: set StudiesMetadata and SeriesMetadata to Full).",
        )
    else:
        elements = Finding("elements", "ok", f"It gives up to {most} elements an instance.")
    if withheld:
        private = Finding(
            "private elements",
            "warn",
            "It names private elements without their values, because it does not know"
            " their VR: scan time and acceleration of some vendors will be estimated or"
            " unknown (Orthanc: describe them in Dictionary).",
        )
    elif has_private:
        private = Finding("private elements", "ok", "It gives the vendors' private elements.")
    else:
        private = Finding(
            "private elements",
            "warn",
            "It gives no private elements: scan time and acceleration of some vendors will be"
            " estimated or unknown.",
        )
    return Judgement((elements, private), known)


def judge_separators(instances: Sequence[Row]) -> Judgement:
    """Whether values are separated as they should be."""
    if not any(map(has_currency_sign, instances)):
        return Judgement(())
    found = Finding(
        "character set",
        "warn",
        "It writes a currency sign instead of the backslash between values, as Orthanc 1.10 does"
        " with Japanese character sets: codes are read, and decimal numbers may be"
        " missing. Update the server.",
    )
    return Judgement((found,))


def _day_of(row: Row) -> date | None:
    try:
        return day(row, STUDY_DATE)
    except UnreadableDateError:
        return None

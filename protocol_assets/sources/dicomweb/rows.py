"""The rows of QIDO-RS searches, read as studies and series of one day. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from protocol_assets.sources.dicomweb.attributes import (
    AVAILABILITY,
    INSTANCE_COUNT,
    MODALITIES,
    MODALITY,
    SERIES_COUNT,
    SERIES_INSTANCES,
    STUDY_DATE,
    STUDY_UID,
    UnreadableDateError,
    count,
    counts,
    day,
    texts,
    uid,
)
from protocol_assets.sources.dicomweb.reconcile import ListedSeries, ListedStudy

__all__ = [
    "DayListing",
    "has_only_companions",
    "listed_series",
    "listed_study",
    "merge_all",
    "merge_rows",
    "studies_of_day",
]

Row = dict[str, Any]

_ONLINE: Final = ("", "ONLINE")
_COMPANIONS: Final = frozenset(
    {
        "KO",
        "PR",
        "SR",
        "DOC",
        "AU",
        "REG",
        "FID",
        "SEG",
        "RWV",
        "STAIN",
        "PLAN",
        "ANN",
        "RTSTRUCT",
        "RTPLAN",
        "RTDOSE",
        "RTIMAGE",
        "RTRECORD",
        "RTSEGANN",
        "RTINTENT",
        "OT",
        "SC",
        "SMR",
        "M3D",
        "POS",
        "ASMT",
        "MS",
        "TEXTUREMAP",
        "PT",
    }
)
"""Modalities (PS3.3 C.7.3.1.1.1) that seldom are alone in a study: a listing that shows nothing
else may show the first or the newest value only. PT is among them for the sake of PET/MR, OT and SC
because converted images bear them beside the images that they were made of."""


@dataclass(frozen=True)
class DayListing:
    """The studies of one StudyDate.

    Attributes:
        day: StudyDate.
        studies: Those that may hold a wanted modality, by StudyInstanceUID.
        rejected: Rows of this day that cannot be used: their StudyInstanceUID is absent or invalid,
            or their StudyDate cannot be read.
        others: Studies whose listing names other modalities alone, by StudyInstanceUID.
        requests: Requests that the listing took.
    """

    day: dt.date
    studies: tuple[ListedStudy, ...]
    rejected: int = 0
    others: tuple[ListedStudy, ...] = ()
    requests: int = 0


def merge_rows(before: Row | None, row: Row) -> Row:
    """One row of several that a server lists for one study: all modalities, all counts.

    Counts that differ stay side by side, for none of them is known to be the study's.
    """
    if before is None or before == row:
        return row
    merged = dict(row)
    for tag, vr in ((MODALITIES, "CS"), (SERIES_COUNT, "IS"), (INSTANCE_COUNT, "IS")):
        values = {*texts(before, tag), *texts(row, tag)}
        if values:
            merged[tag] = {"vr": vr, "Value": sorted(values)}
    return merged


def merge_all(rows: Iterable[Row]) -> Row:
    """One row of all that a server lists for one study."""
    merged: Row | None = None
    for row in rows:
        merged = merge_rows(merged, row)
    return merged or {}


def studies_of_day(
    rows: Iterable[Row], rejected: Iterable[bytes], day_asked: dt.date, wanted: Iterable[str]
) -> DayListing:
    """The studies of one day among the rows that a server gave for it.

    Filters of a server are hints: StudyDate and modality are compared again. A row without a date
    is of this day where no row shows that the filter was ignored; where one does, it may be of any
    day and counts as rejected, as does a row whose date cannot be read.

    Args:
        rows: One row a study.
        rejected: Rows without a usable StudyInstanceUID, as JSON.
        day_asked: StudyDate.
        wanted: Modalities of which a study must hold one.
    """
    dated = [(row, _day(row)) for row in rows]
    is_heeded = all(told in (None, day_asked, "unreadable") for _, told in dated)
    of_day: list[ListedStudy] = []
    unusable = 0
    for row, told in dated:
        if told == day_asked or (told is None and is_heeded):
            of_day.append(listed_study(row))
        elif told is None or told == "unreadable":
            unusable += 1
    for row in map(orjson.loads, rejected):
        if _day(row) in (None, day_asked, "unreadable"):
            study = listed_study(row)
            if _may_hold(study, wanted) or has_only_companions(study):
                unusable += 1
            else:
                of_day.append(study)
    of_day.sort(key=lambda study: study.study_instance_uid)
    chosen = [study for study in of_day if _may_hold(study, wanted)]
    others = [study for study in of_day if not _may_hold(study, wanted)]
    return DayListing(day_asked, tuple(chosen), unusable, tuple(others))


def has_only_companions(study: ListedStudy) -> bool:
    """Whether the modalities listed are such as seldom are alone in a study."""
    return _COMPANIONS.issuperset(study.modalities)


def _may_hold(study: ListedStudy, wanted: Iterable[str]) -> bool:
    """Whether one of the modalities is wanted, or they are not known (absent, or a wildcard)."""
    known = set(study.modalities)
    return not known or any("*" in term for term in known) or not known.isdisjoint(wanted)


def _day(row: Mapping[str, Any]) -> dt.date | str | None:
    try:
        return day(row, STUDY_DATE)
    except UnreadableDateError:
        return "unreadable"


def listed_study(row: Mapping[str, Any]) -> ListedStudy:
    """The study of one row."""
    series, instances = counts(row, SERIES_COUNT), counts(row, INSTANCE_COUNT)
    return ListedStudy(
        study_instance_uid=uid(row, STUDY_UID) or "",
        series=max(series, default=None),
        instances=max(instances, default=None),
        modalities=tuple(sorted({term.upper() for term in texts(row, MODALITIES)})),
        availability=_availability(row),
        is_ambiguous=len(set(series)) > 1 or len(set(instances)) > 1,
    )


def listed_series(row: Mapping[str, Any]) -> ListedSeries:
    """The series of one row."""
    return ListedSeries(
        instances=count(row, SERIES_INSTANCES),
        modality=next(iter(texts(row, MODALITY)), "").upper(),
        is_online=_availability(row) in _ONLINE,
    )


def _availability(row: Mapping[str, Any]) -> str:
    return next(iter(texts(row, AVAILABILITY)), "").upper()

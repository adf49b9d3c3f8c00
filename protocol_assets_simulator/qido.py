"""QIDO-RS (PS3.18 section 10.6): reading a query and matching the fleet's studies and series."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fnmatch import translate
from functools import cache
from itertools import islice
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword

from protocol_assets_simulator import header
from protocol_assets_simulator.archive import Archive
from protocol_assets_simulator.dicom_json import DicomJson, attributes, ordered
from protocol_assets_simulator.encode import encode
from protocol_assets_simulator.scan import Scan, Study

Level = Literal["study", "series"]


def _tags(*keywords: str) -> frozenset[str]:
    return frozenset(f"{tag_for_keyword(keyword):08X}" for keyword in keywords)


# PS3.18 Table 10.6.3-3, and what an archive keeps of a study besides
_STUDY_DEFAULT: Final = _tags(
    "SpecificCharacterSet", "StudyDate", "StudyTime", "AccessionNumber", "InstanceAvailability",
    "ModalitiesInStudy", "ReferringPhysicianName", "RetrieveURL", "PatientName", "PatientID",
    "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID",
    "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances",
)  # fmt: skip
_STUDY_KEPT: Final = _STUDY_DEFAULT | _tags(
    "StudyDescription", "IssuerOfPatientID", "PatientAge", "InstitutionName",
)  # fmt: skip
# PS3.18 Table 10.6.3-4
_SERIES_DEFAULT: Final = _tags(
    "SpecificCharacterSet", "Modality", "SeriesDescription", "RetrieveURL", "StudyInstanceUID",
    "SeriesInstanceUID", "SeriesNumber", "NumberOfSeriesRelatedInstances",
    "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime",
    "RequestAttributesSequence",
)  # fmt: skip
_STUDY_KEYS: Final = _tags(
    "StudyDate", "StudyTime", "AccessionNumber", "ModalitiesInStudy", "ReferringPhysicianName",
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID",
    "StudyDescription",
)  # fmt: skip
_SERIES_KEYS: Final = _tags(
    "Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "BodyPartExamined",
    "PerformedProcedureStepStartDate", "ProtocolName", "Manufacturer", "StationName",
)  # fmt: skip
_STUDY_DATE: Final = "00080020"
_STUDY_UID: Final = "0020000D"
_PIXEL_DATA: Final = "7FE00010"


class BadQueryError(ValueError):
    """The query cannot be understood; the service answers 400."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One matching key: a tag, its VR and the value asked for."""

    tag: str
    vr: str
    value: str

    def matches(self, data_set: DicomJson) -> bool:
        """True if any value of the attribute matches (PS3.4 C.2.2.2)."""
        values = data_set.get(self.tag, {}).get("Value", [])
        return any(_match(self.vr, self.value, value) for value in values)


@dataclass(frozen=True, slots=True)
class Query:
    """A search: filters, the attributes wanted beyond the default, and the page."""

    filters: tuple[Filter, ...] = ()
    include: frozenset[str] = frozenset()
    include_all: bool = False
    limit: int | None = None
    offset: int = 0
    ignored: tuple[str, ...] = field(default=())
    """Tags of known attributes that this service does not match on."""


def parse(query_string: str, level: Level) -> Query:
    """Read the query part of a search URL.

    Raises:
        BadQueryError: An unknown parameter or attribute, or a value that its type forbids.
    """
    keys = _STUDY_KEYS if level == "study" else _STUDY_KEYS | _SERIES_KEYS
    filters: list[Filter] = []
    include: set[str] = set()
    ignored: list[str] = []
    page: dict[str, int] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        if name in ("limit", "offset"):
            if not re.fullmatch(r"[0-9]{1,9}", value):
                raise BadQueryError(f"{name} is no whole number")
            page[name] = int(value)
        elif name == "includefield":
            include.update("all" if part == "all" else _tag(part) for part in value.split(","))
        elif name == "fuzzymatching":
            if value not in ("true", "false"):
                raise BadQueryError("fuzzymatching is neither true nor false")
            ignored += ["fuzzymatching"] if value == "true" else []
        else:
            tag = _tag(name.split(".")[0])
            if tag not in keys or "." in name:
                ignored.append(tag)
            elif value:
                filters.append(_filter(tag, value))
    return Query(
        filters=tuple(filters),
        include=frozenset(include - {"all"}),
        include_all="all" in include,
        limit=page.get("limit"),
        offset=page.get("offset", 0),
        ignored=tuple(ignored),
    )


@cache
def _tag(name: str) -> str:
    """The tag of a keyword or of eight hexadecimal digits."""
    if re.fullmatch(r"[0-9A-Fa-f]{8}", name):
        return name.upper()
    tag = tag_for_keyword(name)
    if tag is None:
        raise BadQueryError(
            "a parameter is neither a keyword, a tag nor limit, offset, includefield"
        )
    return f"{tag:08X}"


def _filter(tag: str, value: str) -> Filter:
    number = int(tag, 16)
    vr = dictionary_VR(number) if dictionary_has_tag(number) else "UN"
    if vr == "DA":
        _date_range(value)
    if vr == "UI" and not re.fullmatch(r"[0-9.]{1,64}([,\\][0-9.]{1,64})*", value):
        raise BadQueryError("a value is no UID")
    if vr == "TM" and not re.fullmatch(r"(\d{2,6}(\.\d{1,6})?)?-?(\d{2,6}(\.\d{1,6})?)?", value):
        raise BadQueryError("a value is no time")
    return Filter(tag, vr, value)


def _date_range(value: str) -> tuple[date, date]:
    if not re.fullmatch(r"[0-9]{8}|[0-9]{8}-[0-9]{8}|[0-9]{8}-|-[0-9]{8}", value):
        raise BadQueryError("a value is no date (YYYYMMDD) or range of dates")
    first, dash, last = value.partition("-")
    if not dash:
        last = first
    try:
        return (
            date.fromisoformat(first) if first else date.min,
            date.fromisoformat(last) if last else date.max,
        )
    except ValueError:
        raise BadQueryError("a value is no day of the calendar") from None


def _match(vr: str, wanted: str, value: Any) -> bool:
    match vr:
        case "DA":
            first, last = _date_range(wanted)
            return first <= date.fromisoformat(value) <= last
        case "TM":
            first_time, dash, last_time = wanted.partition("-")
            if not dash:
                return str(value).startswith(wanted)
            return first_time <= value and (not last_time or value[: len(last_time)] <= last_time)
        case "UI":
            return value in re.split(r"[,\\]", wanted)
        case "PN":
            name = value.get("Alphabetic", "")
            return re.fullmatch(translate(wanted.lower()), name.lower()) is not None
        case _:
            return re.fullmatch(translate(wanted), str(value)) is not None


def search_studies(archive: Archive, query: Query, base: str) -> list[DicomJson]:
    """The page of studies that match, with their counts."""
    page = islice(_matching(archive, query), query.offset, _stop(query))
    wanted = _STUDY_KEPT if query.include_all else _STUDY_DEFAULT | query.include
    return [_selected(_study_entry(archive, study, base), wanted) for study in page]


def search_series(
    archive: Archive, query: Query, base: str, study_uid: str | None = None
) -> list[DicomJson]:
    """The page of series that match, of one study or of all."""
    own = tuple(part for part in query.filters if part.tag in _SERIES_KEYS)
    wanted = _SERIES_DEFAULT | query.include
    if study_uid is None:
        wanted |= _STUDY_DEFAULT

    def entries() -> Iterator[DicomJson]:
        for study in _matching(archive, query, study_uid):
            upper = _study_level(study, base) if study_uid is None else {}
            for scan in archive.fleet.scans(study):
                entry = _series_entry(scan, base)
                if all(part.matches(entry) for part in own):
                    yield ordered(upper, entry)

    page = islice(entries(), query.offset, _stop(query))
    return [entry if query.include_all else _selected(entry, wanted) for entry in page]


def _stop(query: Query) -> int | None:
    return None if query.limit is None else query.offset + query.limit


def _selected(entry: DicomJson, wanted: frozenset[str]) -> DicomJson:
    return {tag: value for tag, value in entry.items() if tag in wanted}


def _matching(archive: Archive, query: Query, study_uid: str | None = None) -> Iterator[Study]:
    """The studies that match the study level's filters, in order of their start."""
    first, last = date.min, date.max
    filters = [part for part in query.filters if part.tag in _STUDY_KEYS]
    for part in filters:
        if part.tag == _STUDY_DATE:
            begin, end = _date_range(part.value)
            first, last = max(first, begin), min(last, end)
        if part.tag == _STUDY_UID and re.fullmatch(r"[0-9.]+", part.value):
            study_uid = study_uid or part.value
    if study_uid is None:
        candidates = archive.studies(first, last)
    else:
        study = archive.study(study_uid)
        candidates = () if study is None else (study,)
    for study in candidates:
        level = _study_level(study, "")
        if all(part.matches(level) for part in filters):
            yield study


def _study_level(study: Study, base: str) -> DicomJson:
    kept = _selected(header.study_elements(study), _STUDY_KEPT)
    return kept | attributes(
        {
            "InstanceAvailability": "ONLINE",
            "ModalitiesInStudy": study.modalities,
            "RetrieveURL": f"{base}/studies/{study.study_uid}",
        }
    )


def _study_entry(archive: Archive, study: Study, base: str) -> DicomJson:
    scans = archive.fleet.scans(study)
    counts = attributes(
        {
            "NumberOfStudyRelatedSeries": len(scans),
            "NumberOfStudyRelatedInstances": sum(scan.instances for scan in scans),
        }
    )
    return ordered(_study_level(study, base), counts)


def _series_entry(scan: Scan, base: str) -> DicomJson:
    first = next(encode(scan))
    first.pop(_PIXEL_DATA, None)
    return ordered(
        first,
        attributes(
            {
                "RetrieveURL": f"{base}/studies/{scan.study.study_uid}/series/{scan.series_uid}",
                "NumberOfSeriesRelatedInstances": scan.instances,
            }
        ),
    )

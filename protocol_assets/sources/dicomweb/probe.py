"""What a PACS can do, found by asking it: the work of ``protocol-assets probe NAME``.

Lists one day and retrieves one small study by the code that extraction uses, so that it fails where
extraction would fail, and passes where it passes; then it measures single abilities. Says nothing
identifying.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final

from protocol_assets.sources.dicomweb.attributes import (
    AVAILABILITY,
    INSTANCE_COUNT,
    MODALITIES,
    SERIES_COUNT,
    STUDY_DATE,
    STUDY_TIME,
    STUDY_UID,
    UnreadableDateError,
    count,
    day,
    minute_of_day,
    texts,
    uid,
)
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.instance_signs import (
    has_currency_sign,
    is_private,
    withholds_private,
)
from protocol_assets.sources.dicomweb.listing import time_range
from protocol_assets.sources.dicomweb.probe_report import Finding, ProbeReport, Verdict
from protocol_assets.sources.dicomweb.profile import SiteProfile
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.dicomweb.roots import find_root
from protocol_assets.sources.errors import PacsError, describe_kind

__all__ = ["Finding", "ProbeReport", "Verdict", "probe"]

Row = dict[str, Any]

# Orthanc's main tags are about 34 elements; a whole MR header has well over 80.
_FEW_ELEMENTS: Final = 45
_MAY_BE_ANOTHER_ROOT: Final = ("not_found", "not_dicom", "not_json", "bad_status", "redirect")
_MR_TIMING: Final = ("00180080", "00180083", "52009229", "52009230")


@dataclass(frozen=True)
class _Filter:
    """A filter, and what follows where the server does not honour it."""

    item: str
    verdict: Verdict
    consequence: str


_DATE = _Filter("StudyDate filter", "warn", "each day is found by listing all of the archive.")
_TIME = _Filter("StudyTime filter", "warn", "a limit on its results could not be got round.")
_MODALITY = _Filter("ModalitiesInStudy filter", "ok", "studies are chosen by modality here.")


def probe(client: PacsClient) -> ProbeReport:
    """Asks the PACS of ``client``; failures become findings and nothing is raised.

    Stops early where it cannot be reached, refuses the credentials or holds no study.
    """
    return _Probe(client).report()


class _Probe:
    def __init__(self, client: PacsClient) -> None:
        self._client = client
        self._findings: list[Finding] = []
        self._compressed = False
        self._known: dict[str, Any] = {}
        self._broad: dict[str, str] = {}

    def report(self) -> ProbeReport:
        rows = self._first_rows()
        if rows:
            self._paging(rows)
            sample = self._sample(rows)
            if sample is None:
                self._say(
                    "sample",
                    "fail",
                    "No listed study has a usable StudyInstanceUID and a StudyDate that can be"
                    " read.",
                )
            else:
                row, of_day = sample
                self._filters(row, of_day)
                self._counts(row)
                study = self._listed(of_day)
                if study is not None:
                    self._retrieved(study)
                self._metadata(study.study_instance_uid if study else uid(row, STUDY_UID) or "")
            self._compression()
        return ProbeReport(
            self._client.endpoint.name, tuple(self._findings), self._profile() if rows else None
        )

    def _profile(self) -> SiteProfile | None:
        """What was measured, above what the product's documentation says."""
        if not {"study", "series"} & self._known.get("metadata", {"none"}):
            return None  # nothing can be retrieved: a profile would only get in the way
        known = {name: value for name, value in self._known.items() if name != "metadata"}
        by_study = "study" in self._known["metadata"]
        return replace(
            self._client.endpoint.profile,
            **known,
            retrieval="study" if by_study else "series",
            gzip=self._compressed,
            evidence="measured",
            source=f"protocol-assets probe, {datetime.now(UTC):%Y-%m-%d}",
        )

    def _say(self, item: str, verdict: Verdict, sentence: str) -> None:
        self._findings.append(Finding(item, verdict, sentence))

    def _search(self, filters: Mapping[str, str], limit: int, offset: int = 0) -> list[Row]:
        rows = self._client.search_studies(filters, limit, offset)
        self._compressed |= self._client.last_answer.compressed
        return rows

    def _tried(self, item: str, call: Callable[[], None]) -> None:
        """Runs one question; a failure of the PACS is its answer."""
        try:
            call()
        except PacsError as error:
            self._say(item, "warn", str(error))

    def _first_rows(self) -> list[Row]:
        size = self._client.endpoint.rows_a_page
        try:
            self._broad, rows = self._client.search_broadly(datetime.now(UTC).date(), size)
            self._compressed |= self._client.last_answer.compressed
        except PacsError as error:
            reached = error.status is not None
            self._say("reachable", "ok" if reached else "fail", _reached(reached))
            refused = error.kind in ("unauthorized", "forbidden")
            self._say("credentials" if refused else "listing", "fail", str(error))
            if error.kind in _MAY_BE_ANOTHER_ROOT and (sentence := find_root(self._client)):
                self._say("url", "fail", sentence)
            return []
        self._say("reachable", "ok", _reached(True))
        self._say("credentials", "ok", "It accepts the configured credentials.")
        if not rows:
            self._say("listing", "fail", "It lists no study: check what this account may see.")
        return rows

    def _paging(self, rows: list[Row]) -> None:
        size = self._client.endpoint.rows_a_page

        def ask() -> None:
            rest = self._search(self._broad, size, offset=len(rows))
            shown = {uid(row, STUDY_UID) for row in rows}
            ignored = bool(rest) and {uid(row, STUDY_UID) for row in rest} <= shown
            self._known["offset"] = not ignored
            if ignored:
                self._say("offset", "warn", "It ignores offset; days are split by StudyTime.")
            else:
                self._say("offset", "ok", "It honours offset.")
            if len(rows) > size:
                self._say("page", "warn", f"It sends {len(rows)} rows where {size} were asked for.")
            elif len(rows) < size and rest and not ignored:
                self._known["page_size"] = len(rows)
                self._say(
                    "page", "warn", f"It sends at most {len(rows)} rows a page, {size} asked for."
                )
            else:
                self._say("page", "ok", f"It honours a limit of {size} rows.")

        self._tried("offset", ask)

    def _sample(self, rows: list[Row]) -> tuple[Row, date] | None:
        """A small study of a wanted modality, and its day."""
        wanted = set(self._client.endpoint.modalities)
        usable = [(row, of_day) for row in rows if uid(row, STUDY_UID) and (of_day := _day_of(row))]

        def order(one: tuple[Row, date]) -> tuple[bool, int]:
            row, _ = one
            return wanted.isdisjoint(texts(row, MODALITIES)), count(row, INSTANCE_COUNT) or 10**9

        return min(usable, key=order, default=None)

    def _listed(self, of_day: date) -> ListedStudy | None:
        """A small study of the day, as extraction lists it."""
        try:
            listing = self._client.list_day(of_day)
        except PacsError as error:
            self._say("day listing", "fail", str(error))
            return None
        if listing.rejected:
            self._say(
                "day listing",
                "fail",
                f"Of a day's rows {listing.rejected} cannot be used: they have no valid"
                " StudyInstanceUID, or a StudyDate that cannot be read.",
            )
        elif not listing.studies and not listing.others:
            self._say("day listing", "fail", "It finds no study of a day on which it holds one.")
        else:
            self._say("day listing", "ok", "A day is listed whole.")
        online = [study for study in listing.studies if study.is_online]
        return min(online, key=lambda study: study.instances or 10**9, default=None)

    def _retrieved(self, study: ListedStudy) -> None:
        """Whether extraction would land the study."""
        try:
            found = self._client.retrieve(study)
        except PacsError as error:
            self._say("retrieval", "fail", str(error))
            return
        problem = found.outcome.problem if found else None
        if problem is not None:
            advice = PacsError(self._client.endpoint.name, problem).advice
            self._say("retrieval", "fail", f"It {describe_kind(problem)}: {advice}.")
        elif found is not None and found.received.rejected:
            self._say(
                "retrieval",
                "fail",
                f"It gives {found.received.rejected} instances without StudyInstanceUID or"
                " SOPInstanceUID.",
            )
        else:
            self._say("retrieval", "ok", "A study is retrieved whole.")

    def _filters(self, sample: Row, of_day: date) -> None:
        named_day = f"{of_day:%Y%m%d}"
        minute = minute_of_day(sample, STUDY_TIME)
        modality = next(iter(texts(sample, MODALITIES)), None)
        self._filter(sample, _DATE, {"StudyDate": named_day}, {"StudyDate": "18000101"})
        if minute is not None:
            near, far = (time_range(m, m) for m in (minute, (minute + 720) % 1440))
            hits = {"StudyDate": named_day, "StudyTime": near}
            self._filter(sample, _TIME, hits, {**hits, "StudyTime": far})
        if modality is not None:
            hits = {"StudyDate": named_day, "ModalitiesInStudy": modality}
            self._filter(sample, _MODALITY, hits, {**hits, "ModalitiesInStudy": "ZZ"})

    def _filter(
        self, sample: Row, named: _Filter, hits: Mapping[str, str], misses: Mapping[str, str]
    ) -> None:
        """Asks with values that must match ``sample`` and with values that must not."""
        size = self._client.endpoint.rows_a_page
        sample_uid = uid(sample, STUDY_UID)

        def ask() -> None:
            matched = self._search(hits, size)
            held = {uid(row, STUDY_UID) for row in self._search(misses, size)}
            if named is _TIME:
                self._known["time_filter"] = sample_uid not in held and bool(matched)
            if sample_uid in held or (held and named is _DATE):
                self._say(named.item, named.verdict, f"It ignores it: {named.consequence}")
            elif not matched:
                self._say(named.item, named.verdict, f"It finds nothing by it: {named.consequence}")
            else:
                self._say(named.item, "ok", "It honours it.")

        self._tried(named.item, ask)

    def _counts(self, sample: Row) -> None:
        told = [count(sample, tag) is not None for tag in (SERIES_COUNT, INSTANCE_COUNT)]
        self._known["counts"] = told[1]
        self._known["availability"] = bool(texts(sample, AVAILABILITY))
        if all(told):
            self._say("counts", "ok", "It counts series and instances of a study.")
        elif told[1]:
            self._say("counts", "ok", "It counts instances, not series.")
        else:
            self._say(
                "counts", "warn", "It does not count instances: a missing one cannot be noticed."
            )

    def _metadata(self, study_uid: str) -> None:
        instances: list[Row] = []

        def whole() -> None:
            instances.extend(self._client.study_metadata(study_uid))
            self._compressed |= self._client.last_answer.compressed
            if not instances:
                self._say(
                    "study metadata", "warn", "It gives no instance of a study in one answer."
                )
                return
            self._known.setdefault("metadata", set()).add("study")
            self._say("study metadata", "ok", "It gives the metadata of a study in one answer.")
            self._etag(study_uid, self._client.last_answer.etag)

        def by_series() -> None:
            found = list(self._client.search_series(study_uid).series)
            if not found:
                self._say("series metadata", "warn", "It lists no series of a study.")
                return
            instances.extend(self._client.series_metadata(study_uid, found[0]))
            self._known.setdefault("metadata", set()).add("series")
            self._say("series metadata", "ok", "It gives the metadata of a series in one answer.")

        self._tried("study metadata", whole)
        self._tried("series metadata", by_series)
        if instances:
            self._elements(instances)
            self._separators(instances)
        else:
            self._say("elements", "fail", "It gives no metadata of the study that was tried.")

    def _etag(self, study_uid: str, etag: str) -> None:
        """Whether a strong ETag spares a second retrieval of what has not changed."""
        if etag:
            with self._client.unless(etag):
                self._client.study_metadata(study_uid)
        honoured = bool(etag) and self._client.last_answer.unchanged
        self._known["etag"] = honoured
        if honoured:
            self._say("ETag", "ok", "It tells by ETag that a study has not changed.")
        else:
            self._say("ETag", "ok", "It has no usable ETag: overwrites are found in a sample.")

    def _elements(self, instances: list[Row]) -> None:
        most = max(len(instance) for instance in instances)
        tags = {key for instance in instances for key in instance}
        withheld = any(map(withholds_private, instances))
        self._known["elements"] = most
        self._known["private_elements"] = any(map(is_private, tags)) and not withheld
        if most < _FEW_ELEMENTS or not tags & set(_MR_TIMING):
            self._say(
                "elements",
                "fail" if most < _FEW_ELEMENTS else "warn",
                f"It gives {most} elements an instance and may leave out NEX and TR: probably main"
                " tags only (Orthanc: set StudiesMetadata and SeriesMetadata to Full).",
            )
        else:
            self._say("elements", "ok", f"It gives up to {most} elements an instance.")
        if withheld:
            self._say(
                "private elements",
                "warn",
                "It names private elements and does not give their values, for it does not know"
                " their VR: scan time and acceleration of some vendors will be estimated or"
                " unknown (Orthanc: describe them in Dictionary).",
            )
        elif any(is_private(key) for key in tags):
            self._say("private elements", "ok", "It gives the vendors' private elements.")
        else:
            self._say(
                "private elements",
                "warn",
                "It gives no private elements: scan time and acceleration of some vendors will be"
                " estimated or unknown.",
            )

    def _separators(self, instances: list[Row]) -> None:
        if any(map(has_currency_sign, instances)):
            self._say(
                "character set",
                "warn",
                "It writes a currency sign for the backslash between values, as Orthanc 1.10 does"
                " with Japanese character sets: codes are read, and decimal numbers may be"
                " missing. Update the server.",
            )

    def _compression(self) -> None:
        if self._compressed:
            self._say("gzip", "ok", "It compresses its answers.")
        else:
            self._say("gzip", "warn", "It does not compress: several times the traffic.")


def _day_of(row: Row) -> date | None:
    try:
        return day(row, STUDY_DATE)
    except UnreadableDateError:
        return None


def _reached(reached: bool) -> str:
    return "It answers." if reached else "It could not be reached."

"""Each fault of a PACS by name, how to make it, and what must come of it.

The words of each fault stand in docs/operations.md, too; a test holds the two together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any, Final

from protocol_assets.simulator import Answer, Request
from tests.integration.fault_server import (
    AVERAGES,
    COUNTS,
    MODALITIES,
    SOP_UID,
    STUDY_TIME,
    STUDY_UID,
    FaultyPacs,
    Spoil,
    Wire,
    alternating_pages,
    as_text,
    body,
    bomb,
    cut,
    deep,
    deleted,
    drips,
    drop,
    each,
    hangs,
    head,
    is_listing,
    listed,
    listing,
    once,
    one,
    read,
    refusing,
    repaged,
    reset,
    rewritten,
    rows,
    text,
    value,
    victims,
    whole_listing,
    without_filter,
)

__all__ = ["FAULTS", "Fault", "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What must come of a fault.

    Attributes:
        refused: Kind of the error for which the whole cell is refused; empty where it lands.
        victim: State of the victim; ``absent`` where it is not in the manifest.
        error: Kind of the victim's error.
        rejected: Listed rows that were left out.
        same_rows: Whether the victim's series are what they are without the fault.
    """

    refused: str = ""
    victim: str = "landed"
    error: str = ""
    rejected: int = 0
    same_rows: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its name in the documentation, how to make it, what must come of it."""

    name: str
    spoil: Spoil
    outcome: Outcome = Outcome()
    options: dict[str, Any] = field(default_factory=dict)


LANDED: Final = Outcome()
DIRTY: Final = Outcome(same_rows=False)
INCOMPLETE: Final = Outcome(victim="incomplete", error="incomplete")
GONE: Final = Outcome(victim="gone")


def dead(error: str) -> Outcome:
    return Outcome(victim="failed", error=error)


def refused(kind: str) -> Outcome:
    return Outcome(refused=kind)


def _faults() -> Iterator[Fault]:
    yield from _listings()
    yield from _statuses()
    yield from _transports()
    yield from _contents()


def _listings() -> Iterator[Fault]:
    small = {"page_size": 2}
    yield Fault("offset ignored", repaged(offset=False), options={"page_size": 10})
    yield Fault(
        "offset ignored, more studies than a page",
        repaged(offset=False),
        options={"page_size": 3},
    )
    yield Fault("limit ignored", repaged(limit=False), options=small)
    yield Fault("silent cap", repaged(cap=4), options=small)
    yield Fault("silent cap, StudyTime not heeded", _capped_for_good, refused("capped"), small)
    yield Fault(
        "Warning 299",
        listing(
            lambda _, __, answer: Answer(
                answer.status,
                answer.body,
                {**answer.headers, "Warning": '299 pacs "more results than the limit"'},
            )
        ),
        options=small,
    )
    yield Fault("413 on a range of StudyTime", refusing("StudyTime", 413))
    yield Fault("413 on the day", refusing("StudyDate", 413), refused("too_large"))
    yield Fault(
        "204 where nothing is left",
        listing(lambda _, __, answer: Answer(204) if answer.body == b"[]" else answer),
    )
    yield Fault("200 with an empty body", listing(lambda *_: Wire(200, write=head)),
                refused("interrupted"))  # fmt: skip
    yield Fault(
        "duplicates across pages",
        listing(lambda _, __, answer: rows(lambda found: found + found[:1])(answer)),
        options=small,
    )
    yield Fault("a row lost between pages", listing(alternating_pages), options=small)
    yield Fault("filter ignored", without_filter("StudyDate"))
    yield Fault("filter unsupported, none found",
                listing(lambda _, request, answer: rewritten(answer, [])
                        if "StudyTime=" in request.query else answer))  # fmt: skip
    yield Fault("400 on includefield", refusing("includefield", 400))
    yield Fault("400 on a filter", refusing("StudyTime", 400))
    yield Fault("counts absent", listed(drop(*COUNTS)))
    yield Fault("counts as strings", listed(as_text))
    yield Fault("ModalitiesInStudy scalar",
                listed(lambda row: row[MODALITIES].__setitem__("Value", "MR")))  # fmt: skip
    yield Fault("ModalitiesInStudy missing", listed(drop(MODALITIES)))
    yield Fault("ModalitiesInStudy stale", _stale, Outcome(victim="absent"))
    yield Fault("StudyTime missing", listed(drop(STUDY_TIME)))
    yield Fault("hostile UIDs", _hostile, Outcome(rejected=5))


def _stale(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
    if not is_listing(request):
        return answer
    found = read(answer)
    for row in found:
        if row[STUDY_UID]["Value"] == [pacs.victim]:
            row[MODALITIES] = {"vr": "CS", "Value": ["CT"]}
    return rewritten(answer, found)


def _capped_for_good(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
    if not is_listing(request):
        return answer
    plain = without_filter("StudyTime")(pacs, request, answer)
    if plain is answer:
        plain = whole_listing(pacs, request)
    found = read(plain)
    return rewritten(plain, found[:3] if one(request, "offset", "0") == "0" else [])


HOSTILE: Final = ("../../etc", "1.2?x=1", "1" * 65, "1.2\nX", "1.2/3")


def _hostile(_: FaultyPacs, request: Request, answer: Answer) -> Answer:
    if not is_listing(request) or one(request, "offset", "0") != "0":
        return answer
    hostile = [{STUDY_UID: {"vr": "UI", "Value": [uid]}} for uid in HOSTILE]
    return rewritten(answer, read(answer) + hostile)


def _soon(_: Answer) -> Answer:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    return Answer(429, b"", {"Retry-After": format_datetime(moment, usegmt=True)})


def _statuses() -> Iterator[Fault]:
    for name, after in (("seconds", "1"), ("garbage", "soon")):
        spoil = once(victims(body(b"", 429, Retry_After=after)))
        yield Fault(f"429, Retry-After as {name}", spoil)
    yield Fault("429, Retry-After as a date", once(victims(_soon)))
    for status in (500, 502, 503, 504):
        yield Fault(f"{status} once", once(victims(body(b"", status))))
    for status, kind in ((500, "bad_status"), (503, "busy"), (403, "forbidden")):
        yield Fault(f"{status} for ever", victims(body(b"", status)), dead(kind))
    yield Fault("404, still listed", victims(body(b"", 404)), dead("bad_status"))
    yield Fault("404, deleted", deleted(victims(body(b"", 404))), GONE)
    yield Fault("410, deleted", deleted(victims(body(b"", 410))), GONE)
    yield Fault("206", victims(body(b"[]", 206)), dead("bad_status"))
    yield Fault("deleted in mid-retrieval", deleted(victims(rows(lambda r: r[:5]))), GONE)
    yield Fault("partial for ever", victims(rows(lambda r: r[:5])), INCOMPLETE)
    yield Fault("a late series", once(victims(rows(lambda r: r[:5]))))


def _transports() -> Iterator[Fault]:
    yield Fault("reset once", once(victims(reset)))
    yield Fault("reset for ever", victims(reset), dead("interrupted"))
    for how in ("length", "chunked", "close", "gzip"):
        yield Fault(f"truncated ({how}) once", once(victims(cut(how))))
        yield Fault(f"truncated ({how}) for ever", victims(cut(how)), dead("interrupted"))
    yield Fault("hang", hangs, dead("timeout"))
    yield Fault("slow drip", drips, dead("timeout"))
    yield Fault("gzip bomb", victims(bomb), dead("too_large"), {"max_body_mb": 2.0})
    huge = b"[" + b" " * 3_000_000 + b"]"
    yield Fault("huge body", victims(body(huge)), dead("too_large"), {"max_body_mb": 2.0})
    page = b"<!doctype html><title>Sign in</title>"
    yield Fault("HTML login page with 200", victims(body(page)), dead("not_json"))
    for name, status, where in (
        ("the same host", 302, "/dicom-web/studies"),
        ("another host", 307, "http://elsewhere.example/"),
    ):
        spoil = victims(body(b"", status, Location=where))
        yield Fault(f"redirect to {name}", spoil, dead("redirect"))


def _contents() -> Iterator[Fault]:
    foreign = value(STUDY_UID, {"vr": "UI", "Value": ["1.2.3"]})
    yield Fault("a foreign StudyInstanceUID", victims(foreign), INCOMPLETE)
    yield Fault("foreign instances among its own", victims(rows(
        lambda r: [*r, {**r[0], STUDY_UID: {"vr": "UI", "Value": ["1.2.3"]},
                        SOP_UID: {"vr": "UI", "Value": ["1.2.3.4"]}}])))  # fmt: skip
    yield Fault("duplicate SOP Instance UIDs", victims(rows(lambda r: r + r[:9])))
    yield Fault("one dict in place of an array", victims(rows(lambda r: r[0])), dead("not_dicom"))
    for name, content in (("null", b"null"), ("string", b'"x"'), ("number", b"7")):
        yield Fault(f"{name} as the body", victims(body(content)), dead("not_dicom"))
    for number in ("NaN", "Infinity", "1e999"):
        yield Fault(f"{number} as a value", victims(text(b'"MARK"', number.encode())), DIRTY)
    yield Fault("byte order mark", victims(lambda a: Answer(200, b"\xef\xbb\xbf" + a.body)))
    yield Fault("Latin-1 bytes", victims(text(b'"MARK"', b'"M\xfcller"')), DIRTY)
    yield Fault("lone surrogate", victims(text(b'"MARK"', b'"\\ud800"')), DIRTY)
    yield Fault("duplicate keys", victims(text(b'{"', b'{"00100020":{"vr":"LO"},"')), DIRTY)
    yield Fault("deep nesting", victims(body(deep())), dead("not_dicom"))
    for name, element in (
        ("missing vr", {"Value": [2]}),
        ("lower-case vr", {"vr": "ds", "Value": [2]}),
        ("unknown vr", {"vr": "QQ", "Value": [2]}),
        ("Value as a scalar", {"vr": "DS", "Value": 2}),
        ("Value []", {"vr": "DS", "Value": []}),
        ("Value [null]", {"vr": "DS", "Value": [None]}),
        ("DS as text", {"vr": "DS", "Value": ["1.0"]}),
        ("DS abc", {"vr": "DS", "Value": ["abc"]}),
        ("empty element", {"vr": "DS"}),
        ("element that is a list", [1]),
        ("element that is null", None),
        ("InlineBinary", {"vr": "OB", "InlineBinary": "AAAA"}),
        ("BulkDataURI", {"vr": "DS", "BulkDataURI": "http://elsewhere.example/bulk"}),
        ("relative BulkDataURI", {"vr": "DS", "BulkDataURI": "../../../etc/passwd"}),
    ):
        yield Fault(name, victims(value(AVERAGES, element)), DIRTY)
    for name, patient in (
        ("plain string", "Plain^Patient"),
        ("null", None),
        ("three groups", {"Alphabetic": "A^B", "Ideographic": "C^D", "Phonetic": "E^F"}),
    ):
        person = {"vr": "PN", "Value": [patient]}
        yield Fault(f"PN as {name}", victims(value("00100010", person)), DIRTY)
    yield Fault("lower-case tag keys", victims(each(_lower_keys)), DIRTY)
    yield Fault("main tags only", victims(each(_main_tags)), DIRTY)
    yield Fault("private tags absent", victims(each(_without_private)), DIRTY)
    yield Fault("SeriesNumber missing", victims(each(drop("00200011"))), DIRTY)


def _lower_keys(row: dict[str, Any]) -> None:
    content = {tag.lower(): element for tag, element in row.items()}
    row.clear()
    row.update(content)


def _main_tags(row: dict[str, Any]) -> None:
    for tag in list(row):
        if tag[:4] not in ("0008", "0010", "0020"):
            del row[tag]


def _without_private(row: dict[str, Any]) -> None:
    for tag in list(row):
        if int(tag[:4], 16) % 2:
            del row[tag]


FAULTS: Final = tuple(_faults())

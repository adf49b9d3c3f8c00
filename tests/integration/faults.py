"""Each fault of a PACS by name, how to make it, and what must come of it.

The words of each fault stand in docs/operations.md, too; a test holds the two together.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from email.utils import format_datetime
from typing import Any, Final

from protocol_assets_simulator import Answer, Request
from tests.integration.fault_kinds import (
    DIRTY,
    GONE,
    INCOMPLETE,
    OTHER_STUDY,
    Fault,
    dead,
)
from tests.integration.fault_server import (
    AVERAGES,
    COUNTS,
    SERIES_UID,
    SOP_UID,
    STUDY_UID,
    FaultyPacs,
    Rows,
    Spoil,
    body,
    bomb,
    cut,
    deep,
    deleted,
    drips,
    drop,
    each,
    hangs,
    listed,
    once,
    reset,
    rows,
    text,
    value,
    victims,
)
from tests.integration.listing_faults import LISTING_FAULTS

__all__ = ["FAULTS"]


def _faults() -> Iterator[Fault]:
    yield from LISTING_FAULTS
    yield from _statuses()
    yield from _transports()
    yield from _contents()


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
    yield Fault("study metadata empty", _whole(lambda _: []))
    yield Fault("study metadata without a series", _whole(_without_a_series))
    yield Fault("a series that study metadata omit, counts absent", _uncounted)


def _whole(change: Callable[[Rows], Rows]) -> Spoil:
    """Strikes the metadata of the victim that are asked for in one answer."""

    def spoil(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
        hit = request.path.endswith(f"/studies/{pacs.victim}/metadata")
        return rows(change)(answer) if hit else answer

    return spoil


def _without_a_series(found: Rows) -> Rows:
    lost = found[0][SERIES_UID]["Value"]
    return [row for row in found if row[SERIES_UID]["Value"] != lost]


def _uncounted(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
    plain = listed(drop(*COUNTS))(pacs, request, answer)
    return _whole(_without_a_series)(pacs, request, plain)


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
    yield Fault("a foreign StudyInstanceUID", victims(foreign), OTHER_STUDY)
    yield Fault("foreign instances among its own", victims(rows(
        lambda r: [*r, {**r[0], STUDY_UID: {"vr": "UI", "Value": ["1.2.3"]},
                        SOP_UID: {"vr": "UI", "Value": ["1.2.3.4"]}}])))  # fmt: skip
    yield Fault("duplicate SOP Instance UIDs", victims(rows(lambda r: r + r[:9])))
    yield Fault("SOP Instance UIDs in two series", _whole(_repeated))
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


def _repeated(found: Rows) -> Rows:
    """Every series numbers its instances from one."""
    seen: Counter[str] = Counter()
    for row in found:
        series = row[SERIES_UID]["Value"][0]
        seen[series] += 1
        row[SOP_UID] = {"vr": "UI", "Value": [f"1.2.3.{seen[series]}"]}
    return found


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

"""Faults of a PACS's listing, and what must come of them; see ``faults``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import parse_qs

from protocol_assets_simulator import Answer, Request
from tests.integration.fault_kinds import (
    LEFT_OUT,
    OTHER,
    Fault,
    Outcome,
    refused,
)
from tests.integration.fault_server import (
    COUNTS,
    DAY,
    MODALITIES,
    MODALITY,
    STUDY_DATE,
    STUDY_TIME,
    STUDY_UID,
    FaultyPacs,
    Rows,
    Spoil,
    Wire,
    alternating_pages,
    as_text,
    capped_day,
    drop,
    each,
    head,
    in_pages_of_any_length,
    in_random_order,
    is_listing,
    listed,
    listing,
    moved,
    one,
    read,
    refusing,
    reordered,
    repaged,
    rewritten,
    rotated,
    rows,
    victim_comes_first,
    whole_listing,
    without_filter,
)

__all__ = ["LISTING_FAULTS"]


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
    yield Fault(
        "200 with an empty body where nothing is left",
        listing(lambda _, __, answer: Answer(200) if answer.body == b"[]" else answer),
    )
    yield Fault(
        "404 where nothing is left",
        listing(lambda _, __, answer: Answer(404) if answer.body == b"[]" else answer),
    )
    yield Fault("200 with an empty body of unknown length",
                listing(lambda *_: Wire(200, write=head)), refused("interrupted"))  # fmt: skip
    yield Fault(
        "duplicates across pages",
        listing(lambda _, __, answer: rows(lambda found: found + found[:1])(answer)),
        options=small,
    )
    yield Fault("a row lost between pages", listing(alternating_pages), options=small)
    yield from _drifts()
    yield Fault("filter ignored", without_filter("StudyDate"))
    yield Fault("filter unsupported, none found",
                listing(lambda _, request, answer: rewritten(answer, [])
                        if "StudyTime=" in request.query else answer))  # fmt: skip
    for status in (400, 500):
        yield Fault(f"{status} on includefield", refusing("includefield", status))
    yield Fault("one value of includefield passed on", _one_value_passed)
    yield Fault("400 on a filter", refusing("StudyTime", 400))
    yield Fault("500 on a filter", refusing("StudyTime", 500))
    yield Fault("StudyDate with hyphens", listed(_dated("{0:%Y-%m-%d}")))
    yield Fault("StudyDate with points", listed(_dated("{0:%Y.%m.%d}")))
    yield Fault("StudyDate that cannot be read",
                _of_victim(_dated("{0:%d.%m.%Y}")), LEFT_OUT)  # fmt: skip
    yield Fault("two rows a study", listing(lambda _, __, answer: rows(_twice)(answer)))
    yield Fault("two rows a study, counts that differ",
                listing(lambda _, __, answer: rows(_halves)(answer)))  # fmt: skip
    yield Fault("a count that is wrong for ever", _of_victim(_one_too_many))
    yield Fault("counts absent", listed(drop(*COUNTS)))
    yield Fault("counts as strings", listed(as_text))
    yield Fault("ModalitiesInStudy scalar",
                listed(lambda row: row[MODALITIES].__setitem__("Value", "MR")))  # fmt: skip
    yield Fault("ModalitiesInStudy missing", listed(drop(MODALITIES)))
    for name, modality in (("stale", "CT"), ("with another first value", "KO"), ("*", "*")):
        yield Fault(f"ModalitiesInStudy {name}", _of_victim(_called(modality)))
    yield Fault("ModalitiesInStudy of another modality", _truly_ct, OTHER)
    yield Fault("StudyTime missing", listed(drop(STUDY_TIME)))
    yield Fault("hostile UIDs", _hostile, Outcome(rejected=5))


def _drifts() -> Iterator[Fault]:
    """Servers whose list changes from page to page."""
    small, refusal = {"page_size": 2}, refused("unstable")
    yield Fault("another order for each page", reordered(in_random_order), options=small)
    yield Fault("another order for each page, StudyTime missing",
                reordered(in_random_order, STUDY_TIME), refusal, small)  # fmt: skip
    yield Fault("an order that goes round", reordered(rotated), options=small)
    yield Fault("a study that arrives while the day is listed",
                reordered(victim_comes_first), options=small)  # fmt: skip
    yield Fault("a page repeated once",
                moved(lambda pacs, first: max(first - 2, 0) if pacs.seen == 2 else first),
                options=small)  # fmt: skip
    yield Fault("a page repeated always",
                moved(lambda _, first: 0 if first == 4 else first),
                options={"page_size": 4})  # fmt: skip
    yield Fault("offsets that skip a row",
                moved(lambda _, first: first + bool(first)), options=small)  # fmt: skip
    yield Fault("offsets that skip a row, StudyTime missing",
                _both(moved(lambda _, first: first + bool(first)), listed(drop(STUDY_TIME))),
                refusal, small)  # fmt: skip
    yield Fault("pages of changing length", listing(in_pages_of_any_length), options=small)
    yield Fault("StudyTime answered with the whole day", without_filter("StudyTime"), options=small)
    yield Fault("a day that is capped and a range of days that is not", capped_day(), options=small)
    yield Fault("a day that is capped and a range of days that is not, StudyTime missing",
                capped_day(STUDY_TIME), refused("capped"), small)  # fmt: skip


def _both(first: Spoil, then: Spoil) -> Spoil:
    return lambda pacs, request, answer: then(pacs, request, first(pacs, request, answer))


def _of_victim(change: Callable[[dict[str, Any]], None]) -> Spoil:
    """Changes the victim's row in place."""

    def spoil(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
        if not is_listing(request) or not answer.body:
            return answer
        found = read(answer)
        for row in found:
            if row[STUDY_UID]["Value"] == [pacs.victim]:
                change(row)
        return rewritten(answer, found)

    return spoil


def _called(modality: str) -> Callable[[dict[str, Any]], None]:
    return lambda row: row.__setitem__(MODALITIES, {"vr": "CS", "Value": [modality]})


def _truly_ct(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
    if pacs.victim in request.path and request.path.endswith("/series"):
        return each(lambda row: row.__setitem__(MODALITY, {"vr": "CS", "Value": ["CT"]}))(answer)
    return _of_victim(_called("CT"))(pacs, request, answer)


def _dated(form: str) -> Callable[[dict[str, Any]], None]:
    return lambda row: row[STUDY_DATE].__setitem__("Value", [form.format(DAY)])


def _twice(found: Rows) -> Rows:
    """A row for each modality, as of a join."""
    return [{**row, MODALITIES: {"vr": "CS", "Value": [name]}} for row in found
            for name in ("SR", "MR")]  # fmt: skip


def _halves(found: Rows) -> Rows:
    """A row for each of two parts of a study."""
    parts = []
    for row in found:
        whole = row[COUNTS[1]]["Value"][0]
        counts = ({"vr": "IS", "Value": [number]} for number in (1, whole - 1))
        parts += [{**row, COUNTS[1]: count} for count in counts]
    return parts


def _one_too_many(row: dict[str, Any]) -> None:
    row[COUNTS[1]]["Value"][0] += 1


def _one_value_passed(_: FaultyPacs, request: Request, answer: Answer) -> Answer:
    if not is_listing(request) or not answer.body:
        return answer
    passed = min(parse_qs(request.query).get("includefield", [""])).split(",")
    lost = {*COUNTS, MODALITIES} - set(passed)
    return each(drop(*lost))(answer)


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


LISTING_FAULTS: Final = tuple(_listings())

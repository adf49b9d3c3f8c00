"""A day is listed whole, or not at all, whatever the server does with paging and filters."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from protocol_assets.sources.dicomweb.listing import list_day_rows, time_range
from protocol_assets.sources.dicomweb.paging import (
    CappedError,
    Page,
    StudyTimeError,
    UnstableError,
    enumerate_rows,
    enumerate_settled,
)

DAY = date(2024, 3, 5)
PAGE = 5
any_server = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)


def asking(archive: Any) -> Any:
    def ask(filters: Mapping[str, str], limit: int, offset: int) -> Page:
        if archive.refuses_time and "StudyTime" in filters:
            raise StudyTimeError
        rows = archive.find(dict(filters), limit, offset)
        return Page(rows, archive.warns and archive.more)

    return ask


def listed(archive: Any) -> set[str]:
    return set(list_day_rows(asking(archive), DAY, PAGE).rows)


def times(count: int) -> list[str]:
    return [f"{7 + i // 6:02}{i % 6 * 10:02}{i % 60:02}.5" for i in range(count)]


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 10, 13])
@pytest.mark.parametrize(
    "quirks",
    [
        {},
        {"ignores_offset": True},
        {"ignores_limit": True},
        {"ignores_offset": True, "ignores_limit": True},
        {"page_cap": 2},
        {"page_cap": 2, "ignores_offset": True},
        {"cap": 3},
        {"cap": PAGE},
        {"warns": True},
        {"warns": True, "cap": 3},
        {"ignores_date": True},
        {"ignores_time": True},
        {"finds_nothing_by_time": True},
        {"refuses_time": True},
    ],
    ids=str,
)
def test_every_quirk_alone(
    new_archive: Any, new_study: Callable[..., Any], count: int, quirks: dict[str, Any]
) -> None:
    studies = [new_study(i, time=time) for i, time in enumerate(times(count))]
    assert listed(new_archive(studies, **quirks)) == {study.uid for study in studies}


@pytest.mark.parametrize(
    "deaf", [{"ignores_time": True}, {"finds_nothing_by_time": True}, {"refuses_time": True}]
)
@pytest.mark.parametrize(
    "sign", [{"ignores_offset": True}, {"warns": True, "cap": 7}, {"cap": PAGE}]
)
def test_signs_of_a_cap_that_cannot_be_got_round_refuse_the_day(
    new_archive: Any, new_study: Callable[..., Any], deaf: dict[str, Any], sign: dict[str, Any]
) -> None:
    studies = [new_study(i, time=time) for i, time in enumerate(times(20))]
    ignores_limit = {"ignores_limit": sign.get("cap") == PAGE}
    with pytest.raises(CappedError):
        listed(new_archive(studies, **deaf, **sign, **ignores_limit))


def test_a_cap_within_one_minute_refuses_the_day(
    new_archive: Any, new_study: Callable[..., Any]
) -> None:
    studies = [new_study(i, time="0700") for i in range(3)]
    studies += [new_study(i, time="0800") for i in range(3, 15)]
    with pytest.raises(CappedError, match="one minute"):
        listed(new_archive(studies, cap=9))


def test_hidden_studies_without_a_time_refuse_the_day(
    new_archive: Any, new_study: Callable[..., Any]
) -> None:
    studies = [new_study(i, time=time) for i, time in enumerate(times(20))]
    studies.insert(0, new_study(99, time=None))
    with pytest.raises(CappedError, match="StudyTime"):
        listed(new_archive(studies, cap=7))


@pytest.mark.parametrize("time", [None, "0900"])
def test_a_cap_shows_in_the_days_around_where_study_time_tells_nothing(
    new_archive: Any, new_study: Callable[..., Any], time: str | None
) -> None:
    studies = [new_study(i, time=time) for i in range(12)]
    studies.insert(2, new_study(50, day="20240304"))
    assert listed(new_archive(studies)) == {s.uid for s in studies if s.day == f"{DAY:%Y%m%d}"}
    with pytest.raises(CappedError):
        listed(new_archive(studies, cap=5))


def test_a_quiet_archive_without_study_times_is_listed(
    new_archive: Any, new_study: Callable[..., Any]
) -> None:
    studies = [new_study(i, time=None) for i in range(6)]
    assert listed(new_archive(studies)) == {study.uid for study in studies}


@any_server
@given(
    minutes=st.lists(st.integers(0, 1439) | st.integers(540, 545), min_size=2, max_size=30),
    cap=st.none() | st.integers(2, 12),
    page_cap=st.none() | st.integers(1, 6),
    ignores_offset=st.booleans(),
    ignores_limit=st.booleans(),
)
def test_whole_or_refused(
    new_archive: Any, new_study: Callable[..., Any], minutes: list[int], **quirks: Any
) -> None:
    """With StudyTime honoured and two start times shown, nothing is ever lost in silence."""
    texts = [f"{minute // 60:02}{minute % 60:02}30" for minute in minutes]
    studies = [new_study(i, time=time) for i, time in enumerate(texts)]
    archive = new_archive(studies, **quirks)
    shown = enumerate_rows(asking(archive), {"StudyDate": "20240305"}, PAGE)
    assume(len(set(shown.timed().values())) > 1)
    try:
        found = listed(archive)
    except CappedError:
        return
    assert found == {study.uid for study in studies}


@any_server
@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 59), st.booleans())
def test_a_time_range_holds_for_comparison_as_text(
    first: int, last: int, second: int, short: bool
) -> None:
    low, high = time_range(first, last).split("-")
    for minute in (first, last, (first + last) // 2):
        text = f"{minute // 60:02}{minute % 60:02}" + ("" if short else f"{second:02}.999")
        assert (low <= text <= high) == (first <= minute <= last)


def test_rows_lost_and_repeated_between_pages(
    new_archive: Any, new_study: Callable[..., Any]
) -> None:
    """A study is inserted before and another deleted from under the first enumeration."""
    studies = [new_study(i, time=time) for i, time in enumerate(times(12))]
    archive = new_archive(list(studies))
    ask, calls = asking(archive), 0

    def changing(filters: Mapping[str, str], limit: int, offset: int) -> Page:
        nonlocal calls
        calls += 1
        if calls == 2:
            del archive.studies[0]  # shifts: the sixth is skipped
        if calls == 3:
            archive.studies.insert(0, new_study(50, time="1200"))
        page: Page = ask(filters, limit, offset)
        return page

    found = set(list_day_rows(changing, DAY, PAGE).rows)
    assert {study.uid for study in studies[1:]} | {new_study(50).uid} <= found


def test_invalid_uids_are_counted_once(new_archive: Any, new_study: Callable[..., Any]) -> None:
    studies = [new_study(i, time=time) for i, time in enumerate(times(4))]
    for study, uid in zip(studies, ("../1", "1.2?x", "1" * 65), strict=False):
        study.uid = uid
    found = list_day_rows(asking(new_archive(studies)), DAY, PAGE)
    assert set(found.rows) == {studies[3].uid}
    assert len(found.rejected) == 3


def test_a_listing_without_end_is_refused(new_study: Callable[..., Any]) -> None:
    numbers = iter(range(10**9))

    def endless(filters: Mapping[str, str], limit: int, offset: int) -> Page:
        assert not filters
        assert offset % limit == 0
        return Page([new_study(next(numbers)).row() for _ in range(limit)])

    with pytest.raises(CappedError, match="StudyDate"):
        enumerate_rows(endless, {}, 1000)


@pytest.mark.parametrize("page", [2, 3, 5])
def test_several_rows_a_study_do_not_end_a_listing(
    new_archive: Any, new_study: Callable[..., Any], page: int
) -> None:
    studies = [new_study(i, time=time) for i, time in enumerate(times(6))]
    rows = [study.row() | {"00081030": {"Value": [part]}} for study in studies for part in "ab"]

    def ask(filters: Mapping[str, str], limit: int, offset: int) -> Page:
        assert filters == {}
        return Page(rows[offset : offset + limit])

    assert set(enumerate_rows(ask, {}, page).rows) == {study.uid for study in studies}


WILD = st.fixed_dictionaries(
    {
        "what": st.sampled_from(["shuffled", "repeated", "skipped", "uneven", "arriving"]),
        "chance": st.randoms(use_true_random=False),
    }
)


def drifting(archive: Any, what: str, chance: Any, late: Sequence[Any] = ()) -> Any:
    """Asks an archive whose pages do not fit together."""
    ask, arriving = asking(archive), list(late)

    def asked(filters: Mapping[str, str], limit: int, offset: int) -> Page:
        if what == "shuffled":
            chance.shuffle(archive.studies)
        if what == "repeated" and offset and chance.random() < 0.3:
            offset = max(0, offset - limit)
        if what == "skipped" and offset:
            offset += 1
        if what == "uneven":
            limit = chance.randint(1, limit)
        if what == "arriving" and arriving:
            archive.studies.insert(0, arriving.pop())
        found: Page = ask(filters, limit, offset)
        return found

    return asked


@any_server
@given(st.lists(st.integers(0, 1439), max_size=30), st.booleans(), st.integers(2, 10), WILD)
def test_whole_or_refused_whatever_changes_between_pages(
    new_archive: Any,
    new_study: Callable[..., Any],
    minutes: list[int],
    has_times: bool,
    page: int,
    wild: dict[str, Any],
) -> None:
    texts = [f"{minute // 60:02}{minute % 60:02}30" if has_times else None for minute in minutes]
    studies = [new_study(i, time=time) for i, time in enumerate(texts)]
    late = [new_study(100 + i, time="1200" if has_times else None) for i in range(5)]
    ask = drifting(new_archive(list(studies)), late=late, **wild)
    try:
        found = list_day_rows(ask, DAY, page)
    except CappedError:
        return
    assert {study.uid for study in studies} <= set(found.rows)


@pytest.mark.parametrize("page", [2, 3, 7])
def test_another_order_for_each_page_loses_nothing_where_there_are_times(
    new_archive: Any, new_study: Callable[..., Any], page: int
) -> None:
    studies = [new_study(i, time=f"{i // 60:02}{i % 60:02}") for i in range(200)]
    archive = new_archive(list(studies))
    ask = drifting(archive, "shuffled", random.Random(page))
    assert set(list_day_rows(ask, DAY, page).rows) == {study.uid for study in studies}


def test_another_order_for_each_page_refuses_a_day_without_times(
    new_archive: Any, new_study: Callable[..., Any]
) -> None:
    archive = new_archive([new_study(i, time=None) for i in range(200)])
    with pytest.raises(UnstableError):
        list_day_rows(drifting(archive, "shuffled", random.Random(1)), DAY, 10)


def test_a_range_that_shows_more_of_the_day_than_the_day_itself_is_believed(
    new_archive: Any, new_study: Callable[..., Any]
) -> None:
    """However many rows of other days it shows."""
    studies = [new_study(i, time="0900") for i in range(12)]
    others = [new_study(100 + i, day="20240304") for i in range(30)]
    whole = new_archive([*others, *studies])
    capped = new_archive(studies, cap=5)

    def ask(filters: Mapping[str, str], limit: int, offset: int) -> Page:
        is_range = "-" in filters["StudyDate"]
        page: Page = asking(whole if is_range else capped)(filters, limit, offset)
        return page

    with pytest.raises(CappedError):
        list_day_rows(ask, DAY, PAGE)
    for study in studies:
        study.time = f"09{study.uid.rpartition('.')[2]:0>2}"
    assert set(list_day_rows(ask, DAY, PAGE).rows) == {study.uid for study in studies}


def test_the_rows_of_a_study_are_listed_again_until_none_is_repeated(
    new_archive: Any, new_study: Callable[..., Any]
) -> None:
    """As for series and instances, which cannot be split by time."""
    studies = [new_study(i) for i in range(30)]
    calls = 0

    def ask(filters: Mapping[str, str], limit: int, offset: int) -> Page:
        nonlocal calls
        calls += 1
        order = studies[::-1] if calls == 2 else studies
        assert filters == {}
        return Page([study.row() for study in order[offset : offset + limit]])

    assert set(enumerate_settled(ask, {}, 10).rows) == {study.uid for study in studies}
    chance = random.Random(3)

    def shuffled(filters: Mapping[str, str], limit: int, offset: int) -> Page:
        assert filters == {}
        order = chance.sample(studies, len(studies))
        return Page([study.row() for study in order[offset : offset + limit]])

    with pytest.raises(UnstableError):
        enumerate_settled(shuffled, {}, 10)

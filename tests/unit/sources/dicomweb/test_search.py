"""Searches of servers that refuse, drop or misunderstand a part of the question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.errors import PacsError

DAY = date(2024, 3, 5)
NewClient = Callable[..., PacsClient]


@pytest.fixture
def studies(pacs: Any, archive: Any, new_study: Callable[..., Any]) -> list[Any]:
    archive.studies = [new_study(i, time=f"{8 + i:02}0000") for i in range(7)]
    pacs.answer = archive
    held: list[Any] = archive.studies
    return held


def listed(client: PacsClient, day: date = DAY) -> int:
    return len(client.list_day(day).studies)


def test_404_for_nothing_found(
    pacs: Any, archive: Any, reply: Any, studies: list[Any], new_client: NewClient
) -> None:
    def answer(request: Any) -> Any:
        found = archive(request)
        return found if found.body else reply(404)

    pacs.answer = answer
    assert listed(new_client()) == len(studies)
    pacs.requests.clear()
    assert listed(new_client(), date(2024, 3, 9)) == 0
    broad = [request for request in pacs.requests if "StudyDate" not in request.query]
    assert len(broad) == 1, "asked once whether the address is right"


def test_404_for_everything_is_a_wrong_address(
    pacs: Any, reply: Any, new_client: NewClient
) -> None:
    pacs.answers(reply(404))
    with pytest.raises(PacsError) as caught:
        new_client().list_day(DAY)
    assert caught.value.kind == "not_found"
    assert "/dicom-web" in str(caught.value)


def test_404_after_the_last_page_of_series(
    pacs: Any, archive: Any, reply: Any, studies: list[Any], new_client: NewClient
) -> None:
    def answer(request: Any) -> Any:
        is_after = request.one("offset", "0") != "0" and request.path.endswith("/series")
        return reply(404) if is_after else archive(request)

    pacs.answer = answer
    assert len(new_client().search_series(studies[0].uid).series) == 2


@pytest.mark.parametrize("status", [500, 501])
def test_500_for_study_time_is_asked_once_and_not_tried_again(
    pacs: Any,
    archive: Any,
    reply: Any,
    studies: list[Any],
    new_client: NewClient,
    slept: list[float],
    status: int,
) -> None:
    pacs.answer = lambda r: reply(status) if "StudyTime" in r.query else archive(r)
    client = new_client()
    for _ in range(2):
        assert listed(client) == len(studies)
    assert sum("StudyTime" in request.query for request in pacs.requests) == 1
    assert slept == []


def test_500_for_a_range_of_days(
    pacs: Any,
    archive: Any,
    reply: Any,
    new_study: Callable[..., Any],
    new_client: NewClient,
    slept: list[float],
) -> None:
    archive.studies = [new_study(i, time=None) for i in range(4)]
    pacs.answer = lambda r: reply(500) if "-" in r.one("StudyDate") else archive(r)
    assert listed(new_client()) == 4
    assert slept == []


def test_500_for_includefield(
    pacs: Any, archive: Any, reply: Any, studies: list[Any], new_client: NewClient
) -> None:
    pacs.answer = lambda r: reply(500) if "includefield" in r.query else archive(r)
    assert listed(new_client()) == len(studies)
    assert sum("includefield" in request.query for request in pacs.requests) == 2


def test_500_once_does_not_cost_the_counts(
    pacs: Any, archive: Any, reply: Any, studies: list[Any], new_client: NewClient
) -> None:
    first = [reply(500)]
    pacs.answer = lambda r: first.pop() if first else archive(r)
    assert {study.series for study in new_client().list_day(DAY).studies} == {2}
    assert sum("includefield" in request.query for request in pacs.requests) > 2


@pytest.mark.parametrize("status", [400, 404, 416])
def test_a_page_after_the_last_that_is_refused(
    pacs: Any, archive: Any, reply: Any, studies: list[Any], new_client: NewClient, status: int
) -> None:
    def answer(request: Any) -> Any:
        found = archive(request)
        is_after = request.one("offset", "0") != "0" and not found.body
        return reply(status) if is_after else found

    pacs.answer = answer
    for size in (4, 7, 100):
        assert listed(new_client(page_size=size)) == len(studies)


def test_offset_refused_and_a_full_page_is_no_end(
    pacs: Any, archive: Any, reply: Any, studies: list[Any], new_client: NewClient
) -> None:
    archive.refuses_time = True
    pacs.answer = lambda r: reply(400) if r.one("offset", "0") != "0" else archive(r)
    with pytest.raises(PacsError) as caught:
        new_client(page_size=5).list_day(DAY)
    assert caught.value.kind == "capped"
    archive.refuses_time = False
    assert listed(new_client(page_size=5)) == len(studies)


def test_500_for_everything_is_a_failure(pacs: Any, reply: Any, new_client: NewClient) -> None:
    pacs.answers(reply(500))
    with pytest.raises(PacsError) as caught:
        new_client().list_day(DAY)
    assert (caught.value.kind, caught.value.status) == ("bad_status", 500)


@pytest.mark.parametrize("takes_a_list", [True, False])
def test_a_proxy_that_passes_one_value_of_includefield(
    pacs: Any, archive: Any, studies: list[Any], new_client: NewClient, takes_a_list: bool
) -> None:
    counts = ("00201206", "00201208")

    def answer(request: Any) -> Any:
        found = archive(request)
        # The client below sends them in any order; the least useful one is passed on.
        passed = min(request.query.get("includefield", [""])).split(",")
        kept = passed if takes_a_list else passed[-1:]
        for row in found.body if request.path.endswith("/studies") else ():
            for tag in {*counts, "00080061"} - set(kept):
                row.pop(tag, None)
        return found

    pacs.answer = answer
    found = new_client().list_day(DAY).studies
    assert len(found) == len(studies)
    instances = [study.instances for study in found]
    assert instances == [4 if takes_a_list else None] * len(found)
    joined = [r for r in pacs.requests if "," in "".join(r.query.get("includefield", []))]
    assert len(joined) == len(pacs.requests) - 1 if takes_a_list else len(joined) == 1


def test_a_healthy_server_is_asked_as_before(
    pacs: Any, studies: list[Any], new_client: NewClient
) -> None:
    client = new_client(page_size=100)
    listed(client)
    assert len(pacs.requests) == 6, "the day and its two halves, each until it is empty"
    pacs.requests.clear()
    client.retrieve(client.list_day(DAY).studies[0])
    assert len(pacs.requests) == 7


def test_broad_questions_that_are_refused(
    pacs: Any, archive: Any, reply: Any, studies: list[Any], new_client: NewClient
) -> None:
    today = date(2024, 3, 8)

    def answer(request: Any) -> Any:
        day = request.one("StudyDate")
        return reply(500) if not day or "-" in day else archive(request)

    pacs.answer = answer
    filters, rows = new_client().search_broadly(today, 5)
    assert (filters, len(rows)) == ({"StudyDate": "20240305"}, 5)


def test_what_the_series_of_a_study_say(
    pacs: Any, archive: Any, reply: Any, studies: list[Any], new_client: NewClient
) -> None:
    client = new_client()
    study = client.list_day(DAY).studies[0]
    told: list[str] = []

    def answer(request: Any) -> Any:
        found = archive(request)
        if request.path.endswith("/series"):
            for row, modality in zip(found.body, told, strict=False):
                row["00080060"] = {"vr": "CS", "Value": [modality]}
        return found

    pacs.answer = answer
    for modalities, holds in ((["CT", "MR"], True), (["CT", "KO"], False), (["CT"], None)):
        told[:] = modalities
        assert client.holds_wanted(study) is holds

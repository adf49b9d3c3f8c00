"""The listing of a day over HTTP: what is kept, what is left out, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.errors import PacsError

DAY = date(2024, 3, 5)
NewClient = Callable[..., PacsClient]


def test_lists_a_day(pacs: Any, studies: list[Any], new_client: NewClient) -> None:
    listing = new_client().list_day(DAY)
    assert [study.study_instance_uid for study in listing.studies] == [s.uid for s in studies]
    assert listing.studies[0] == ListedStudy(studies[0].uid, 2, 4, ("MR",))
    assert (listing.day, listing.rejected, listing.others) == (DAY, 0, ())
    assert listing.requests == len(pacs.requests)
    first = pacs.requests[0]
    assert sorted(first.query["includefield"]) == [
        "00080056",
        "00080061",
        "00201206",
        "00201208",
    ]
    assert first.query["StudyDate"] == ["20240305"]
    assert "ModalitiesInStudy" not in first.query


def test_an_empty_day(pacs: Any, archive: Any, new_client: NewClient) -> None:
    pacs.answer = archive
    for archive.empty_is_204 in (False, True):
        assert new_client().list_day(DAY).studies == ()


def test_a_cap_is_got_round_over_http(
    pacs: Any, archive: Any, studies: list[Any], new_client: NewClient
) -> None:
    archive.cap = 2
    assert len(new_client().list_day(DAY).studies) == len(studies)
    assert any("StudyTime" in request.query for request in pacs.requests)


def test_a_day_that_cannot_be_proved_whole_is_refused(
    archive: Any, studies: list[Any], new_client: NewClient
) -> None:
    assert len(studies) > 5
    archive.ignores_offset = archive.refuses_time = True
    with pytest.raises(PacsError) as caught:
        new_client().list_day(DAY)
    assert caught.value.kind == "capped"
    assert "LimitFindResults" in str(caught.value)


def test_other_days_are_left_out(
    archive: Any, studies: list[Any], new_study: Callable[..., Any], new_client: NewClient
) -> None:
    archive.studies = [*studies, new_study(90, day="20240306"), new_study(91, day=None)]
    archive.ignores_date = True
    assert len(new_client().list_day(DAY).studies) == len(studies)


def test_a_server_that_tells_no_date_is_believed(
    studies: list[Any], archive: Any, new_client: NewClient
) -> None:
    archive.ignores_date = True
    for study in studies:
        study.day = None
    assert len(new_client().list_day(DAY).studies) == len(studies)


def test_modalities(studies: list[Any], new_client: NewClient) -> None:
    modalities = [("MR", "SR"), ("CT",), "MR", "CT\\MR", None, (), ("mr",)]
    for study, studies_modalities in zip(studies, modalities, strict=True):
        study.modalities = studies_modalities
    listing = new_client().list_day(DAY)
    assert {study.study_instance_uid for study in listing.studies} == {
        study.uid for i, study in enumerate(studies) if i != 1
    }
    assert [other.study_instance_uid for other in listing.others] == [studies[1].uid]


def test_counts_as_strings_absent_or_nonsense(studies: list[Any], new_client: NewClient) -> None:
    counts: list[tuple[Any, Any]] = [("2", "40"), (None, None), ("x", -1), (2.0, 40)]
    for study, (series, instances) in zip(studies, counts, strict=False):
        study.series, study.instances = series, instances
    listed = new_client().list_day(DAY).studies[:4]
    expected = [(2, 40), (None, None), (None, None), (2, 40)]
    assert [(study.series, study.instances) for study in listed] == expected


def test_hostile_uids_are_counted_and_never_asked_for(
    pacs: Any, studies: list[Any], new_client: NewClient
) -> None:
    for study, uid in zip(studies, ("../../etc", "1.2?x=1", "1" * 65, ""), strict=False):
        study.uid = uid
    studies[4].uid += "\0"  # padding to an even length is ordinary
    client = new_client()
    listing = client.list_day(DAY)
    assert listing.rejected == 4
    assert len(listing.studies) == 3
    asked = len(pacs.requests)
    with pytest.raises(PacsError, match="UID"):
        client.retrieve(ListedStudy("../../etc"))
    assert len(pacs.requests) == asked


def test_a_server_that_refuses_includefield_still_lists(
    archive: Any, studies: list[Any], new_client: NewClient
) -> None:
    archive.refuses_includefield = True
    assert len(new_client().list_day(DAY).studies) == len(studies)


def test_a_failing_listing_raises(pacs: Any, reply: Any, new_client: NewClient) -> None:
    pacs.answers(reply(401))
    with pytest.raises(PacsError) as caught:
        new_client().list_day(DAY)
    assert caught.value.kind == "unauthorized"
    assert "20240305" not in str(caught.value)

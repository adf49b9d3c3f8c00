"""Listing and retrieval over HTTP: what is kept, what is counted, what is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.profile import SiteProfile
from protocol_assets.sources.dicomweb.reconcile import (
    Instance,
    ListedStudy,
    ReceivedStudy,
    Reconciliation,
)
from protocol_assets.sources.errors import PacsError

DAY = date(2024, 3, 5)
NewClient = Callable[..., PacsClient]


@pytest.fixture
def studies(pacs: Any, archive: Any, new_study: Callable[..., Any]) -> list[Any]:
    """Seven studies of the day, held by the server."""
    archive.studies = [new_study(i, time=f"{8 + i:02}0000") for i in range(7)]
    pacs.answer = archive
    held: list[Any] = archive.studies
    return held


# Listing


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
        retrieve(client, ListedStudy("../../etc"))
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


# Retrieval


def listed(study: Any, **changes: Any) -> ListedStudy:
    return ListedStudy(**{"study_instance_uid": study.uid, "series": 2, "instances": 4, **changes})


def landed(rows: list[dict[str, Any]]) -> list[bytes]:
    """The rows as they are landed."""
    study = ReceivedStudy(rows[0]["0020000D"]["Value"][0])
    study.add(map(Instance.of, rows))
    return study.lines


def retrieve(client: PacsClient, study: ListedStudy) -> tuple[ReceivedStudy, Reconciliation]:
    found = client.retrieve(study)
    assert found is not None
    return found.received, found.outcome


def paths(pacs: Any) -> list[str]:
    return [request.path.split("/studies", 1)[1] for request in pacs.requests]


def test_retrieves_a_study_in_one_request(
    pacs: Any, studies: list[Any], new_client: NewClient
) -> None:
    rows, outcome = retrieve(new_client(), listed(studies[0]))
    assert rows.lines == landed(studies[0].metadata())
    assert (outcome.state, outcome.expected, outcome.received) == ("landed", 4, 4)
    assert paths(pacs) == [f"/{studies[0].uid}/metadata"]


def test_large_studies_come_series_by_series(
    pacs: Any, studies: list[Any], new_client: NewClient
) -> None:
    client = new_client(profile=SiteProfile(series_level_above=3))
    rows, _ = retrieve(client, listed(studies[0]))
    assert rows.lines == landed(studies[0].metadata())
    assert f"/{studies[0].uid}/metadata" not in paths(pacs)
    assert f"/{studies[0].uid}/series/{studies[0].uid}.2/metadata" in paths(pacs)


def test_the_profile_says_that_metadata_come_by_series_alone(
    pacs: Any, studies: list[Any], new_client: NewClient
) -> None:
    rows, _ = retrieve(new_client(profile=SiteProfile(retrieval="series")), listed(studies[0]))
    assert rows.lines == landed(studies[0].metadata())
    assert f"/{studies[0].uid}/metadata" not in paths(pacs)


def test_a_series_too_large_for_one_answer_comes_instance_by_instance(
    pacs: Any, studies: list[Any], new_client: NewClient
) -> None:
    studies[0].instances = 40
    client = new_client(max_body_mb=0.002, page_size=4)
    rows, outcome = retrieve(client, listed(studies[0], instances=40))
    assert (outcome.state, outcome.received) == ("landed", 40)
    assert rows.lines == landed(studies[0].metadata())
    assert sum("/instances/" in path for path in paths(pacs)) == 40


def test_an_instance_too_large_for_one_answer_is_said(
    studies: list[Any], new_client: NewClient
) -> None:
    with pytest.raises(PacsError) as caught:
        new_client(max_body_mb=0.0003).retrieve(listed(studies[0]))
    assert caught.value.kind == "too_large"
    assert "max_body_mb" in str(caught.value)


def test_a_server_without_study_metadata_is_asked_by_series(
    pacs: Any, archive: Any, studies: list[Any], new_client: NewClient
) -> None:
    archive.offers_study_metadata = False
    client = new_client()
    for study in studies[:2]:
        rows, outcome = retrieve(client, listed(study))
        assert outcome.state == "landed"
        assert len(rows) == 4
    assert f"/{studies[0].uid}/metadata" in paths(pacs)
    assert f"/{studies[1].uid}/metadata" not in paths(pacs)  # it has learnt


def test_a_study_too_large_for_one_answer_is_asked_by_series(
    studies: list[Any], new_client: NewClient
) -> None:
    studies[0].instances = 40
    client = new_client(max_body_mb=0.01)
    _, outcome = retrieve(client, listed(studies[0], instances=40))
    assert (outcome.state, outcome.received) == ("landed", 40)


@pytest.mark.parametrize("status", [404, 410])
def test_a_deleted_study_is_gone(
    pacs: Any, reply: Any, new_client: NewClient, new_study: Callable[..., Any], status: int
) -> None:
    pacs.answer = lambda r: reply(body=[]) if r.path.endswith("/studies") else reply(status)
    client = new_client()
    with pytest.raises(PacsError) as caught:
        client.retrieve(listed(new_study(1)))
    assert caught.value.kind == "gone"
    assert new_study(1).uid not in str(caught.value)


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("broken", ["/metadata", "/series"])
def test_a_study_still_listed_is_never_gone(
    pacs: Any,
    archive: Any,
    studies: list[Any],
    reply: Any,
    new_client: NewClient,
    status: int,
    broken: str,
) -> None:
    """A broken proxy must not look like a deletion: the caller deletes what is gone."""
    archive.offers_study_metadata = False
    pacs.answer = lambda r: reply(status) if r.path.endswith(broken) else archive(r)
    with pytest.raises(PacsError) as caught:
        retrieve(new_client(), listed(studies[0]))
    assert (caught.value.kind, caught.value.status) == ("bad_status", status)


def test_a_study_deleted_in_mid_retrieval_is_gone(
    pacs: Any, archive: Any, studies: list[Any], reply: Any, new_client: NewClient
) -> None:
    study = studies.pop(0)
    partial = study.metadata()[:2]
    pacs.answer = lambda r: reply(body=partial) if r.path.endswith("metadata") else archive(r)
    with pytest.raises(PacsError) as caught:
        retrieve(new_client(), listed(study))
    assert caught.value.kind == "gone"


def test_a_series_deleted_in_mid_retrieval_leaves_the_rest(
    pacs: Any, archive: Any, studies: list[Any], reply: Any, new_client: NewClient
) -> None:
    archive.offers_study_metadata = False
    lost = f"/series/{studies[0].uid}.2/metadata"
    pacs.answer = lambda r: reply(404) if r.path.endswith(lost) else archive(r)
    _, outcome = retrieve(new_client(), listed(studies[0]))
    assert (outcome.state, outcome.received) == ("incomplete", 2)


def test_counts_that_were_outgrown_are_asked_for_again(
    pacs: Any, studies: list[Any], new_client: NewClient
) -> None:
    studies[0].instances = 6  # two came after the listing
    _, outcome = retrieve(new_client(), listed(studies[0]))
    assert (outcome.state, outcome.expected, outcome.received) == ("landed", 6, 6)
    assert paths(pacs).count(f"/{studies[0].uid}/metadata") == 1


def test_a_late_series_is_fetched_again(
    pacs: Any, archive: Any, studies: list[Any], reply: Any, new_client: NewClient
) -> None:
    early = [reply(body=studies[0].metadata()[:3])]
    pacs.answer = lambda r: early.pop() if early and r.path.endswith("metadata") else archive(r)
    rows, outcome = retrieve(new_client(), listed(studies[0]))
    assert outcome.state == "landed"
    assert len(rows) == 4


def test_what_stays_short_is_incomplete(
    pacs: Any, archive: Any, studies: list[Any], reply: Any, new_client: NewClient
) -> None:
    short = studies[0].metadata()[:3]
    pacs.answer = lambda r: reply(body=short) if r.path.endswith("metadata") else archive(r)
    rows, outcome = retrieve(new_client(), listed(studies[0]))
    assert (outcome.state, outcome.expected, outcome.received) == ("incomplete", 4, 3)
    assert len(rows) == 3
    assert paths(pacs).count(f"/{studies[0].uid}/metadata") == 1
    assert sum("/series/" in path for path in paths(pacs)) == 2, "the second time by series"


def test_foreign_and_repeated_instances_are_dropped(
    pacs: Any, archive: Any, studies: list[Any], reply: Any, new_client: NewClient
) -> None:
    own, other = studies[0].metadata(), studies[1].metadata()
    mixed = own + own[:2] + other[:1]
    pacs.answer = lambda r: reply(body=mixed) if r.path.endswith("metadata") else archive(r)
    client = new_client()
    rows, outcome = retrieve(client, listed(studies[0]))
    assert rows.lines == landed(own)
    assert (outcome.state, rows.duplicates, rows.foreign) == ("landed", 2, 1)


def test_without_counts_what_came_is_landed(studies: list[Any], new_client: NewClient) -> None:
    study = listed(studies[0], series=None, instances=None)
    _, outcome = retrieve(new_client(), study)
    assert (outcome.state, outcome.expected, outcome.received) == ("landed", None, 4)


def test_an_expired_token_in_mid_run_is_said(
    pacs: Any, reply: Any, studies: list[Any], new_client: NewClient
) -> None:
    client = new_client(token="S3CRET")
    study = client.list_day(DAY).studies[0]
    pacs.answers(reply(401))
    with pytest.raises(PacsError) as caught:
        retrieve(client, study)
    assert caught.value.kind == "unauthorized"
    assert "token_env" in str(caught.value)
    assert "S3CRET" not in str(caught.value)
    assert studies[0].uid not in str(caught.value)

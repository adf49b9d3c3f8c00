"""The retrieval of a study over HTTP, also where study, series and instances do not agree."""

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


# Levels that do not agree


def with_counts(archive: Any, study: Any, **changes: int) -> Callable[[Any], Any]:
    """The archive, whose series of ``study`` are counted; ``changes`` by the end of their UID."""

    def answer(request: Any) -> Any:
        found = archive(request)
        if request.path.endswith(f"{study.uid}/series"):
            for row in found.body:
                uid = row["0020000E"]["Value"][0]
                rows = [one for one in study.metadata() if one["0020000E"]["Value"] == [uid]]
                number = changes.get(f"s{uid[-1]}", len(rows))
                row["00201209"] = {"vr": "IS", "Value": [number]}
        return found

    return answer


def test_study_metadata_that_are_empty_come_by_series(
    pacs: Any, archive: Any, studies: list[Any], reply: Any, new_client: NewClient
) -> None:
    whole = f"{studies[0].uid}/metadata"
    pacs.answer = lambda r: reply(body=[]) if r.path.endswith(whole) else archive(r)
    rows, outcome = retrieve(new_client(), listed(studies[0]))
    assert rows.lines == landed(studies[0].metadata())
    assert outcome.state == "landed"


def test_study_metadata_that_omit_a_series_come_by_series(
    pacs: Any, archive: Any, studies: list[Any], reply: Any, new_client: NewClient
) -> None:
    whole, half = f"{studies[0].uid}/metadata", studies[0].metadata()[::2]
    pacs.answer = lambda r: reply(body=half) if r.path.endswith(whole) else archive(r)
    for counts in ({}, {"series": None, "instances": None}):
        rows, outcome = retrieve(new_client(), listed(studies[0], **counts))
        assert (outcome.state, len(rows)) == ("landed", 4)


def test_where_the_listing_does_not_count_the_series_do(
    pacs: Any, archive: Any, studies: list[Any], new_client: NewClient
) -> None:
    study = listed(studies[0], series=None, instances=None)
    pacs.answer = with_counts(archive, studies[0])
    _, outcome = retrieve(new_client(), study)
    assert (outcome.state, outcome.expected) == ("landed", 4)
    pacs.answer = with_counts(archive, studies[0], s2=3)
    _, outcome = retrieve(new_client(), study)
    assert (outcome.state, outcome.expected, outcome.problem) == ("incomplete", 5, "incomplete")


def test_a_count_that_is_wrong_for_ever_is_recorded(
    pacs: Any, archive: Any, studies: list[Any], new_client: NewClient
) -> None:
    rows_of = type(studies[0]).row
    wrong = listed(studies[0], instances=5)
    counted = with_counts(archive, studies[0])

    def answer(request: Any) -> Any:
        found = counted(request)
        for row in found.body if request.path.endswith("/studies") else ():
            if row == rows_of(studies[0]):
                row["00201208"] = {"vr": "IS", "Value": [5]}
        return found

    pacs.answer = answer
    _, outcome = retrieve(new_client(), wrong)
    assert (outcome.state, outcome.expected, outcome.miscounted) == ("landed", 4, 1)
    pacs.answer = lambda r: answer(r) if not r.path.endswith("/series") else archive(r)
    _, outcome = retrieve(new_client(), wrong)
    assert (outcome.state, outcome.miscounted) == ("incomplete", 0), "the series do not say"


def test_instances_of_another_study_are_named(
    pacs: Any, archive: Any, studies: list[Any], reply: Any, new_client: NewClient
) -> None:
    foreign = studies[1].metadata()
    pacs.answer = lambda r: reply(body=foreign) if "/metadata" in r.path else archive(r)
    rows, outcome = retrieve(new_client(), listed(studies[0]))
    assert (outcome.state, outcome.problem, len(rows)) == ("incomplete", "other_study", 0)


def test_a_sop_uid_in_two_series_is_two_instances(
    pacs: Any, archive: Any, studies: list[Any], reply: Any, new_client: NewClient
) -> None:
    own = studies[0].metadata()
    for row, sop in zip(own, (1, 1, 2, 2), strict=True):
        row["00080018"]["Value"] = [f"{studies[0].uid}.9.{sop}"]
    pacs.answer = lambda r: reply(body=own) if r.path.endswith("metadata") else archive(r)
    rows, outcome = retrieve(new_client(), listed(studies[0]))
    assert (outcome.state, len(rows), rows.duplicates) == ("landed", 4, 2)
    assert len(pacs.requests) == 1


def test_several_rows_of_a_study_with_different_counts_are_checked_by_series(
    pacs: Any, archive: Any, studies: list[Any], new_client: NewClient
) -> None:
    pacs.answer = with_counts(archive, studies[0])
    study = ListedStudy(studies[0].uid, 1, 3, ("MR",), is_ambiguous=True)
    _, outcome = retrieve(new_client(), study)
    assert (outcome.state, outcome.expected, outcome.received) == ("landed", 4, 4)

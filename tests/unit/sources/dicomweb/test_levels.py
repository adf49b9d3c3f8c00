"""Archives whose study, series and instance levels do not agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.reconcile import (
    Instance,
    ListedStudy,
    ReceivedStudy,
    Reconciliation,
)

NewClient = Callable[..., PacsClient]


@pytest.fixture
def studies(pacs: Any, archive: Any, new_study: Callable[..., Any]) -> list[Any]:
    archive.studies = [new_study(i, time=f"{8 + i:02}0000") for i in range(3)]
    pacs.answer = archive
    held: list[Any] = archive.studies
    return held


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

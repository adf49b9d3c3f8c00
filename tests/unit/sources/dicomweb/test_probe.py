"""The probe says what a PACS can do, in words without identifiers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.probe import probe

NewClient = Callable[..., PacsClient]


def verdicts(client: PacsClient) -> dict[str, str]:
    report = probe(client)
    for finding in report.findings:
        assert "CANARY" not in finding.sentence
        assert "1.2.826" not in finding.sentence
        assert finding.sentence.endswith(".")
    return {finding.item: finding.verdict for finding in report.findings}


@pytest.fixture
def full(pacs: Any, archive: Any, new_study: Callable[..., Any], reply: Any) -> Any:
    """A good server: whole headers with private elements, compressed."""
    archive.studies = [new_study(i, time=f"{8 + i:02}0000") for i in range(7)]
    elements = {f"0018{i:04X}": {"vr": "LO", "Value": ["x"]} for i in range(0x1000, 0x1060)}
    elements["00291010"] = {"vr": "OB"}
    archive.elements = elements

    def answer(request: Any) -> Any:
        answered = archive(request)
        if request.path.endswith("metadata") and answered.status == 200:
            answered.body = [row | archive.elements for row in answered.body]
        packed = gzip.compress(json.dumps(answered.body).encode())
        return reply(answered.status, packed, {"Content-Encoding": "gzip"})

    pacs.answer = answer
    return archive


def test_a_good_server(full: Any, new_client: NewClient) -> None:
    client = new_client()
    found = verdicts(client)
    assert full.studies
    assert set(found.values()) == {"ok"}
    assert set(found) == {
        "reachable",
        "credentials",
        "offset",
        "page",
        "StudyDate filter",
        "StudyTime filter",
        "ModalitiesInStudy filter",
        "counts",
        "day listing",
        "retrieval",
        "study metadata",
        "series metadata",
        "ETag",
        "elements",
        "private elements",
        "gzip",
    }
    assert probe(client).verdict == "ok"
    assert probe(client).pacs == "main"


@pytest.mark.parametrize(
    ("quirk", "item", "verdict"),
    [
        ({"ignores_offset": True}, "offset", "warn"),
        ({"page_cap": 2}, "page", "warn"),
        ({"ignores_limit": True}, "page", "warn"),
        ({"ignores_date": True}, "StudyDate filter", "warn"),
        ({"ignores_time": True}, "StudyTime filter", "warn"),
        ({"finds_nothing_by_time": True}, "StudyTime filter", "warn"),
        ({"refuses_time": True}, "StudyTime filter", "warn"),
        ({"offers_study_metadata": False}, "study metadata", "warn"),
        ({"elements": {}}, "elements", "fail"),
        ({"elements": {}}, "private elements", "warn"),
    ],
    ids=str,
)
def test_quirks_are_named(
    full: Any, new_client: NewClient, quirk: dict[str, Any], item: str, verdict: str
) -> None:
    for name, value in quirk.items():
        setattr(full, name, value)
    assert verdicts(new_client())[item] == verdict


def test_private_elements_of_unknown_vr(full: Any, new_client: NewClient) -> None:
    full.elements["0051100A"] = {"vr": "UN", "BulkDataURI": "http://pacs/CANARY"}
    assert verdicts(new_client())["private elements"] == "warn"
    full.elements["0051100A"] = {"vr": "UN", "Value": ["TA 03:42"]}
    assert verdicts(new_client())["private elements"] == "ok"
    full.elements["00510010"] = {"vr": "LO", "Value": ["SIEMENS MR HEADER"]}
    full.elements["0051100A"] = {"vr": "UN", "InlineBinary": "VEEgMDM6NDI="}
    assert verdicts(new_client())["private elements"] == "ok"


@pytest.mark.parametrize("sign", ["\xa5", "\uffe5", "\u20a9"])
def test_a_currency_sign_between_values(full: Any, new_client: NewClient, sign: str) -> None:
    full.elements["00080008"] = {"vr": "CS", "Value": [f"DERIVED{sign}SECONDARY"]}
    assert verdicts(new_client())["character set"] == "warn"
    full.elements["00080008"] = {"vr": "CS", "Value": ["DERIVED", "SECONDARY"]}
    full.elements["00081030"] = {"vr": "LO", "Value": [f"5{sign}"]}
    assert "character set" not in verdicts(new_client())


def test_absent_counts_and_no_compression(pacs: Any, full: Any, new_client: NewClient) -> None:
    for study in full.studies:
        study.tells_counts = False
    pacs.answer = full
    found = verdicts(new_client())
    assert (found["counts"], found["gzip"]) == ("warn", "warn")


def test_an_unreachable_server(new_client: NewClient) -> None:
    client = new_client(url="http://127.0.0.1:9/rs")
    assert verdicts(client) == {"reachable": "fail", "listing": "fail"}
    assert probe(client).verdict == "fail"


def test_refused_credentials(pacs: Any, reply: Any, new_client: NewClient) -> None:
    pacs.answers(reply(401))
    assert verdicts(new_client()) == {"reachable": "ok", "credentials": "fail"}


def test_an_empty_archive(pacs: Any, archive: Any, new_client: NewClient) -> None:
    pacs.answer = archive
    assert verdicts(new_client())["listing"] == "fail"


def test_an_archive_that_refuses_broad_queries(
    pacs: Any, full: Any, reply: Any, new_client: NewClient
) -> None:
    answer = pacs.answer
    full.ignores_date = True  # the simple server knows no date ranges
    pacs.answer = lambda r: (
        reply(413) if r.path.endswith("/studies") and "StudyDate" not in r.query else answer(r)
    )
    found = verdicts(new_client())
    assert found["study metadata"] == "ok"
    assert found["offset"] == "ok"


def test_the_profile_is_what_was_measured(archive: Any, full: Any, new_client: NewClient) -> None:
    archive.offers_study_metadata = False
    archive.page_cap = 3
    archive.ignores_time = True
    profile = probe(new_client(page_size=5)).profile
    assert profile is not None
    assert (profile.retrieval, profile.page_size, profile.time_filter) == ("series", 3, False)
    assert (profile.offset, profile.counts, profile.etag) == (True, True, None)
    assert profile.evidence == "measured"


def test_no_profile_of_a_server_that_gives_no_metadata(
    pacs: Any, archive: Any, full: Any, reply: Any, new_client: NewClient
) -> None:
    pacs.answer = lambda r: reply(404) if "/metadata" in r.path else archive(r)
    assert probe(new_client()).profile is None


def test_an_etag_counts_only_where_it_is_honoured(
    pacs: Any, archive: Any, full: Any, reply: Any, new_client: NewClient
) -> None:
    honours = True

    def answer(request: Any) -> Any:
        if not request.path.endswith("/metadata"):
            return archive(request)
        if honours and request.headers.get("If-None-Match") == '"1"':
            return reply(304, b"")
        return reply(body=archive(request).body, headers={"ETag": '"1"'})

    pacs.answer = answer
    for honours in (True, False):
        profile = probe(new_client()).profile
        assert profile is not None
        assert profile.etag is honours

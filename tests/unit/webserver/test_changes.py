from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.webserver.changes import Change, UnreadableRequestError, read_request


def read(query: str, **more: Any) -> Change | None:
    return read_request(json.dumps({"query": query, **more}).encode()).change


@pytest.mark.parametrize(
    "query",
    [
        "{ version }",
        "query Q { version }",
        "subscription { pipelineRunLogs { __typename } }",
        "# mutation { wipeAssets }\n{ version }",
        'query Q { version(x: "mutation { wipeAssets }") }',
        "query mutation { mutation: version }",
    ],
)
def test_a_query_changes_nothing(query: str) -> None:
    assert read(query) is None


@pytest.mark.parametrize(
    "query",
    [
        "mutation { wipeAssets }",
        "mutation{wipeAssets}",
        "\ufeffmutation { wipeAssets }",
        "#x\nmutation Harmless($a: Int) @skip(if: false) { wipeAssets }",
        "query Q { version } mutation M { wipeAssets }",
        "mutation { version: wipeAssets }",
        "mutation { ... { wipeAssets } }",
        "mutation { ... on Mutation { ... on Mutation { wipeAssets } } }",
        "mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation { wipeAssets }",
        "mutation { ...A } fragment A on Mutation { ...A wipeAssets }",
    ],
)
def test_a_mutation_is_known_by_its_fields(query: str) -> None:
    change = read(query)
    assert change is not None
    assert change.fields == ("wipeAssets",)


def test_every_mutation_of_a_document_counts() -> None:
    change = read("mutation A { deleteRun } mutation B { wipeAssets deleteRun }", operationName="A")
    assert change == Change("A", ("deleteRun", "wipeAssets"), ())


def test_a_mutation_of_an_unknown_fragment_is_still_one() -> None:
    assert read("mutation { ...A }") == Change(None, (), ())


def test_targets_are_named_from_variables_and_from_the_text() -> None:
    launched = {
        "selector": {"jobName": "scan", "assetSelection": [{"path": ["marts", "fct_series"]}]},
        "executionMetadata": {"tags": [{"key": "dagster/partition", "value": "2026-03-02|north"}]},
        "runConfigData": {"ops": {"x": {"config": {"runId": "of somebody else"}}}},
    }
    change = read(
        'mutation M($p: P!) { launchRun(executionParams: $p) stopSensor(id: "abc:1") '
        'deleteRun(runId: "r1") setAutoMaterializePaused(paused: true) }',
        variables={"p": launched},
    )
    assert change is not None
    assert change.targets == ("scan", "marts/fct_series", "abc:1", "r1", "True")


@pytest.mark.parametrize(
    "text",
    ["Doe^John", "1.2.840 113619", "a\nb", "line\u2028end", "x" * 101, "", "\x1b[31m", "|", "é"],
)
def test_what_is_no_name_is_not_written_down(text: str) -> None:
    change = read("mutation M($r: String) { deleteRun(runId: $r) }", variables={"r": text})
    assert change == Change("M", ("deleteRun",), ())


def test_many_targets_are_cut() -> None:
    runs = [f"r{number}" for number in range(1000)]
    change = read("mutation M($r: [String]) { terminateRuns(runIds: $r) }", variables={"r": runs})
    assert change is not None
    assert change.targets == tuple(runs[:50])


def test_what_was_read_is_what_is_passed_on() -> None:
    twice = b'{"query": "{a}", "query": "{version}", "operationName": null, "more": 1}'
    passed = json.loads(read_request(twice).body)
    assert passed == {"query": "{version}", "variables": None, "operationName": None}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'[{"query": "{version}"}]',
        b'"query"',
        b"{}",
        b'{"query": null}',
        b'{"query": ["mutation { wipeAssets }"]}',
        b'{"query": ""}',
        b'{"query": "mutation {"}',
        b'{"query": "{version}", "variables": "{}"}',
        b'{"query": "{version}", "variables": []}',
        b'{"query": "{version}", "operationName": 1}',
        b'{"query": "{version}"',
        b"\xff\xfe{\x00}\x00",
        '{"query": "{version}"}'.encode("utf-16"),
        b"[" * 200_000,
        json.dumps({"query": "{a" * 5_000}).encode(),
        json.dumps({"query": "{" + "a " * 60_000 + "}"}).encode(),
        json.dumps({"query": "mutation { a(b: " + "[" * 5_000}).encode(),
    ],
    ids=range(20),
)
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableRequestError):
        read_request(body)


@given(st.binary(max_size=200) | st.text().map(lambda text: json.dumps({"query": text}).encode()))
def test_whatever_is_sent_is_read_or_refused(body: bytes) -> None:
    try:
        read = read_request(body)
    except UnreadableRequestError:
        return
    assert json.loads(read.body)["query"] == json.loads(body)["query"]

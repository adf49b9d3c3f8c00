"""What was listed against what was received."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.sources.dicomweb.reconcile import (
    Instance,
    ListedStudy,
    ReceivedStudy,
    content_hash,
    fingerprint,
    reconcile,
)


def received(rows: list[dict[str, Any]]) -> ReceivedStudy:
    study = ReceivedStudy("1.2")
    study.add(map(Instance.of, rows))
    return study


def hash_of(rows: list[dict[str, Any]]) -> str:
    return content_hash(received(rows).lines)


def instance(sop: str | None, study: str | None = "1.2", series: str = "1.2.1") -> dict[str, Any]:
    values = {"00080018": sop, "0020000D": study, "0020000E": series}
    return {tag: {"vr": "UI", "Value": [uid]} for tag, uid in values.items() if uid}


@pytest.mark.parametrize(
    ("series", "instances", "came", "state"),
    [
        (1, 2, 2, "landed"),
        (1, 2, 3, "landed"),
        (1, 2, 1, "incomplete"),
        (9, 2, 2, "landed"),
        (None, None, 2, "landed"),
        (2, None, 2, "incomplete"),
        (None, None, 0, "incomplete"),
        (None, 0, 0, "landed"),
    ],
)
def test_state(series: int | None, instances: int | None, came: int, state: str) -> None:
    rows = [instance(f"1.2.1.{i}") for i in range(came)]
    outcome = reconcile(ListedStudy("1.2", series, instances), received(rows))
    assert (outcome.state, outcome.expected, outcome.received) == (state, instances, came)


def test_duplicates_and_strangers_do_not_count() -> None:
    rows = [
        instance("1.2.1.1"),
        instance("1.2.1.1"),
        instance("1.2.1.2\0"),
        instance("1.3.1.1", study="1.3"),
        instance(None),
        instance("1.2.1.3", study=None),
    ]
    study = received(rows)
    assert (len(study), study.duplicates, study.foreign, study.rejected) == (2, 1, 1, 2)
    assert reconcile(ListedStudy("1.2", 1, 3), study).state == "incomplete"
    assert [b"1.2.1.1" in line for line in study.lines] == [True, False]


@given(st.permutations([instance(f"1.2.1.{i}") | {"00180083": {"Value": [i]}} for i in range(4)]))
def test_the_hash_knows_no_order(instances: list[dict[str, Any]]) -> None:
    turned = [dict(reversed(row.items())) for row in instances]
    expected = hash_of(sorted(instances, key=lambda row: str(row["00080018"])))
    assert hash_of(turned) == expected


def test_the_hash_sees_an_overwrite_and_not_bulk_data() -> None:
    old = instance("1.2.1.1") | {"00180083": {"vr": "DS", "Value": [2]}}
    new = instance("1.2.1.1") | {"00180083": {"vr": "DS", "Value": [1]}}
    assert hash_of([old]) != hash_of([new])
    moved = [
        old | {"7FE00010": {"vr": "OW", "BulkDataURI": uri}} for uri in ("http://a/1", "http://b/2")
    ]
    assert hash_of(moved[:1]) == hash_of(moved[1:])


def test_the_fingerprint_changes_with_the_counts() -> None:
    assert fingerprint(ListedStudy("1.2", 3, 40, ("MR",))) == "1.2|3|40"
    assert fingerprint(ListedStudy("1.2")) == "1.2||"
    assert fingerprint(ListedStudy("1.2", 0)) == "1.2|0|"

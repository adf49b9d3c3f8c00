"""Findings are told once in a life."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from protocol_assets.data import text_languages
from protocol_assets.delivery.alerts import finding_line, keep_findings, one_message
from protocol_assets.delivery.outbox import Outbox, deliver
from tests.unit.reports.marts import finding as published

DAY = dt.date(2026, 3, 4)


def days(number: int) -> dt.date:
    return DAY + dt.timedelta(days=number)


def finding(**changed: Any) -> dict[str, Any]:
    about = {"as_of": DAY, "finding_key": "f1", "first_day": days(-5), "last_day": days(-1)}
    return published("MR 1", "drift") | about | changed


class Physicists:
    """What they were told."""

    def __init__(self) -> None:
        self.entries: Outbox = {}
        self.messages: list[list[str]] = []

    def told(self, *rows: dict[str, Any]) -> int:
        """Messages of one tick."""
        before = len(self.messages)
        channels = {"mail": lambda lines: self.messages.append(list(lines))}
        keep_findings(self.entries, rows, channels, "en")
        assert deliver(self.entries.values(), channels) == []
        return len(self.messages) - before


def test_the_same_drift_is_told_once_while_its_days_move_on() -> None:
    someone = Physicists()
    assert someone.told(finding()) == 1
    assert someone.told(finding()) == 0
    for n in range(1, 60):
        moved = finding(as_of=days(n), first_day=days(n - 6), last_day=days(n - 1))
        assert someone.told(moved) == 0


def test_a_drift_that_is_gone_for_a_day_is_the_same_one() -> None:
    someone = Physicists()
    someone.told(finding())
    assert someone.told() == 0
    assert someone.told(finding(is_seen=False, first_day=None, last_day=None)) == 0
    assert someone.told(finding(as_of=days(2))) == 0


def test_a_drift_that_ended_and_came_anew_is_told_anew() -> None:
    someone = Physicists()
    someone.told(finding())
    someone.told()
    anew = finding(as_of=days(40), first_day=days(30), last_day=days(39))
    assert [someone.told(anew), someone.told(anew)] == [1, 0]


@pytest.mark.parametrize(
    "closed",
    [
        {"finding_state": "verified"},
        {"finding_state": "verified", "is_seen": False, "first_day": None, "last_day": None},
        {"finding_state": "waived", "is_waived": True},
    ],
)
def test_what_people_had_closed_and_is_open_again_is_told_anew(closed: dict[str, Any]) -> None:
    someone = Physicists()
    someone.told(finding())
    assert someone.told(finding(**closed)) == 0
    assert [someone.told(finding(as_of=days(1))), someone.told(finding(as_of=days(2)))] == [1, 0]


def test_a_relapse_is_another_finding_and_each_of_its_lives_is_new() -> None:
    someone = Physicists()
    relapse = finding(kind="relapse", finding_key="f2", first_day=days(0), last_day=days(3))
    assert someone.told(finding(), relapse) == 1
    assert [line[:11] for line in someone.messages[0]] == ["Drift: MR 1", "Relapse: MR"]
    later = finding(kind="relapse", finding_key="f2", first_day=days(20), last_day=days(23))
    assert someone.told(finding(), relapse) == 0
    assert someone.told(finding(), later) == 1


@pytest.mark.parametrize("kind", ["opportunity", "departure", "off target", "not told"])
def test_other_findings_are_no_alert(kind: str) -> None:
    assert Physicists().told(finding(kind=kind)) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"is_waived": True},
        {"finding_state": "verified"},
        {"is_seen": False},
        {"finding_state": "waived"},
    ],
)
def test_what_is_dealt_with_or_not_seen_is_no_alert(changed: dict[str, Any]) -> None:
    assert Physicists().told(finding(**changed)) == 0


def test_a_finding_without_days_is_told_once() -> None:
    someone = Physicists()
    row = finding(first_day=None, last_day=None)
    assert [someone.told(row), someone.told(row)] == [1, 0]


def test_the_line_says_where_what_and_since_when() -> None:
    assert finding_line(finding(protocol_label="Axial FLAIR"), "en") == (
        "Drift: MR 1, North: Axial FLAIR: TR 9,000 ms → 8,000 ms, 70%, Feb 27, 2026"
    )
    bare = {"share_affected": None, "first_day": None, "scanner_label": None, "site": None}
    terms = {"expected": None, "observed": None, "expected_term": "a", "observed_term": "b"}
    assert finding_line(finding(protocol_label=None) | bare | terms, "en") == (
        "Drift: scanner without a name: protocol without a name: TR a → b"
    )


def test_the_line_is_one_line_in_any_language() -> None:
    for language in text_languages():
        line = finding_line(finding(scanner_label="MR\n1\r\nBcc: x\x00"), language)
        assert line.isprintable()
        assert "MR 1 Bcc: x" in line


def test_a_flood_is_one_message_that_says_how_many() -> None:
    subject, text = one_message([f"line {n}" for n in range(120)])
    assert subject == "(120) line 0"
    assert text.splitlines()[-1] == "(+70)"
    assert len(text.splitlines()) == 51
    assert one_message(["only"]) == ("only", "only\n")

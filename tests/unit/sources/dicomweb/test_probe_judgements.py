"""What rows show of a server, without a server."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.probe_evidence import Evidence
from protocol_assets.sources.dicomweb.probe_judgements import (
    DATE_FILTER,
    MODALITY_FILTER,
    TIME_FILTER,
    choose_sample,
    judge_counts,
    judge_elements,
    judge_filter,
    judge_paging,
    judge_separators,
)
from protocol_assets.sources.dicomweb.profile import SiteProfile
from protocol_assets.sources.errors import PacsError


def row(number: int, **more: tuple[str, Any]) -> dict[str, Any]:
    values = {"0020000D": ("UI", f"1.2.{number}"), "00080020": ("DA", "20240305")}
    values |= {f"{int(tag[1:], 16):08X}": value for tag, value in more.items()}
    return {tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in values.items()}


ROWS = [row(number) for number in range(5)]


@pytest.mark.parametrize(
    ("rows", "rest", "size", "verdicts", "known"),
    [
        (ROWS, [row(5)], 5, {"offset": "ok", "page": "ok"}, {"offset": True}),
        (ROWS, ROWS[:2], 5, {"offset": "warn", "page": "ok"}, {"offset": False}),
        (ROWS, [], 5, {"offset": "ok", "page": "ok"}, {"offset": True}),
        (ROWS, [], 4, {"offset": "ok", "page": "warn"}, {"offset": True}),
        (ROWS, [row(5)], 9, {"offset": "ok", "page": "warn"}, {"offset": True, "page_size": 5}),
    ],
)
def test_two_pages_show_limit_and_offset(
    rows: Any, rest: Any, size: int, verdicts: dict[str, str], known: dict[str, Any]
) -> None:
    found = judge_paging(rows, rest, size)
    assert {one.item: one.verdict for one in found.findings} == verdicts
    assert found.known == known


def test_the_sample_is_small_and_of_a_wanted_modality() -> None:
    ct = row(1, _00080061=("CS", "CT"), _00201208=("IS", 1))
    large = row(2, _00080061=("CS", "MR"), _00201208=("IS", 900))
    small = row(3, _00080061=("CS", "MR"), _00201208=("IS", 20))
    unknown = row(4, _00080061=("CS", "MR"))
    undated = row(5, _00080061=("CS", "MR"), _00201208=("IS", 2), _00080020=("DA", "20249999"))
    assert choose_sample([ct, large, unknown, small, undated], ("MR",)) == (small, date(2024, 3, 5))
    assert choose_sample([undated], ("MR",)) is None


@pytest.mark.parametrize(
    ("matched", "missed", "words", "time_filter"),
    [
        (ROWS, [], "It works", True),
        (ROWS, ROWS, "It is ignored", False),
        ([], [], "It finds nothing", False),
        (ROWS, ROWS[1:], "It works", True),
    ],
)
def test_a_filter_is_judged_by_what_it_must_find_and_must_not(
    matched: Any, missed: Any, words: str, time_filter: bool
) -> None:
    found = judge_filter(TIME_FILTER, "1.2.0", matched, missed)
    (finding,) = found.findings
    assert finding.sentence.startswith(words)
    assert found.known == {"time_filter": time_filter}
    assert not judge_filter(MODALITY_FILTER, "1.2.0", matched, missed).known


def test_no_study_of_another_day_may_be_found_by_date() -> None:
    (finding,) = judge_filter(DATE_FILTER, "1.2.0", ROWS, ROWS[1:]).findings
    assert finding.verdict == "warn"


@pytest.mark.parametrize(
    ("counts", "verdict", "is_counted"),
    [
        ({"_00201206": ("IS", 2), "_00201208": ("IS", 40)}, "ok", True),
        ({"_00201208": ("IS", 40)}, "ok", True),
        ({"_00201206": ("IS", 2)}, "warn", False),
    ],
)
def test_instances_must_be_counted(counts: Any, verdict: str, is_counted: bool) -> None:
    found = judge_counts(row(1, **counts, _00080056=("CS", "ONLINE")))
    assert [one.verdict for one in found.findings] == [verdict]
    assert found.known == {"counts": is_counted, "availability": True}


def header(*more: tuple[str, str], elements: int = 90) -> dict[str, Any]:
    tags = {f"0018{0x1000 + number:04X}": {"vr": "LO"} for number in range(elements)}
    return tags | {tag: {"vr": vr} for tag, vr in more}


@pytest.mark.parametrize(
    ("instance", "verdicts"),
    [
        (header(("00180080", "DS"), ("00291010", "OB")), ["ok", "ok"]),
        (header(("00180080", "DS")), ["ok", "warn"]),
        (header(("00180080", "DS"), ("00291010", "UN")), ["ok", "warn"]),
        (header(), ["warn", "warn"]),
        (header(("00180080", "DS"), elements=20), ["fail", "warn"]),
    ],
)
def test_headers_are_whole_with_their_private_elements(
    instance: dict[str, Any], verdicts: list[str]
) -> None:
    found = judge_elements([instance])
    assert [one.verdict for one in found.findings] == verdicts
    assert found.known["private_elements"] == (verdicts[1] == "ok")


def test_a_currency_sign_for_the_backslash_is_noticed() -> None:
    assert not judge_separators([{"00080008": {"vr": "CS", "Value": ["ORIGINAL"]}}]).findings
    odd = {"00080008": {"vr": "CS", "Value": ["ORIGINAL\u00a5PRIMARY"]}}
    assert len(judge_separators([odd]).findings) == 1


def test_the_profile_needs_a_way_to_retrieve() -> None:
    evidence = Evidence()
    evidence.add(judge_paging(ROWS, [], 5))
    assert evidence.profile(SiteProfile(), date(2026, 3, 5)) is None
    evidence.retrievals.add("series")
    profile = evidence.profile(SiteProfile(), date(2026, 3, 5))
    assert profile is not None
    assert (profile.retrieval, profile.evidence, profile.offset) == ("series", "measured", True)
    assert profile.source == "protocol-assets probe, 2026-03-05"


def test_a_failed_question_is_a_finding() -> None:
    def question() -> None:
        raise PacsError("main", "timeout")

    evidence = Evidence()
    evidence.attempt("offset", question)
    ((item, verdict),) = [(one.item, one.verdict) for one in evidence.findings]
    assert (item, verdict) == ("offset", "warn")

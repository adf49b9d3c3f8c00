"""The pace of asking: spaced, slowed down, sped up, stopped."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.settings.pacs import MAX_WAIT_S
from protocol_assets.sources.errors import Kind
from protocol_assets.sources.rate_limit.pacing import (
    CLOCK_SLACK_S,
    FAILURES_THAT_OPEN,
    STUDIES_THAT_SLOW,
    Exchange,
    Pace,
    study_subject,
)

NOW = 1_772_000_000.0
GOOD = Exchange(200, None, 0.1)
BUSY = Exchange(503, "busy", 0.1)


def test_a_burst_of_a_second_and_then_the_rate() -> None:
    pace = Pace()
    waits = [pace.reserve(NOW, 10.0) for _ in range(25)]
    assert waits[:10] == [0.0] * 10
    assert waits[10:] == pytest.approx([n / 10 for n in range(1, 16)])


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.floats(0.5, 50))
def test_no_second_sees_more_than_the_rate_and_a_burst(gaps: list[float], rate: float) -> None:
    pace, now = Pace(), NOW
    starts = []
    for gap in gaps:
        now += gap
        starts.append(now + pace.reserve(now, rate))
    for start in starts:
        within = sum(start <= one < start + 1 for one in starts)
        assert within <= rate + max(1.0, rate) + 1


def test_busy_answers_halve_the_pace_and_good_ones_bring_it_back() -> None:
    pace = Pace()
    pace.record(NOW, BUSY)
    assert pace.factor == 0.5
    pace.record(NOW + 1, BUSY)
    assert pace.factor == 0.5, "one storm is one sign"
    for step in range(20):
        pace.record(NOW + 10 * (step + 1), BUSY)
    assert pace.factor == 1 / 16, "it never stops of that alone"
    for step in range(100):
        pace.record(NOW + 300 + 2 * step, GOOD)
    assert pace.factor == 1.0


def test_retry_after_holds_up_everybody_within_reason() -> None:
    pace = Pace()
    pace.record(NOW, Exchange(429, "busy", 0.1, retry_after=30.0))
    assert pace.reserve(NOW, 10.0) == pytest.approx(30.0)
    assert pace.reserve(NOW + 31, 10.0) == 0.0
    pace.record(NOW + 31, Exchange(429, "busy", 0.1, retry_after=1e9))
    assert pace.reserve(NOW + 31, 10.0) == pytest.approx(MAX_WAIT_S)
    assert pace.reserve(NOW + 31 + MAX_WAIT_S + 1, 10.0) == 0.0
    pace.record(NOW + 2000, Exchange(429, "busy", 0.1, retry_after=1e9), 60.0)
    assert pace.reserve(NOW + 2000, 10.0, longest=60.0) == pytest.approx(60.0), "as it is set"


def busy(study: str, retry_after: float | None = 86_400.0) -> Exchange:
    return Exchange(429, "busy", 0.1, retry_after=retry_after, subject=study)


def test_a_retry_after_about_one_study_delays_that_study_alone() -> None:
    pace = Pace()
    pace.record(NOW, busy("one"))
    assert pace.reserve(NOW, 10.0) == pace.reserve(NOW, 10.0, "other") == 0.0
    assert pace.reserve(NOW, 10.0, "one", patience=300.0) == MAX_WAIT_S
    assert pace.factor == 1.0
    assert pace.reserve(NOW + MAX_WAIT_S, 10.0, "one") == 0.0
    pace.record(NOW + 1, Exchange(200, None, 0.1, subject="one"))
    assert pace.waits == {}, "it answers: the wait is over"


def test_several_studies_in_a_row_slow_the_pacs_and_a_good_answer_between_them_does_not() -> None:
    pace = Pace()
    for number in range(20):
        pace.record(NOW, busy(str(number)))
        if number % 2:
            pace.record(NOW, GOOD)
    assert pace.reserve(NOW, 100.0) == 0.0
    for number in range(STUDIES_THAT_SLOW):
        pace.record(NOW, busy(f"in a row {number}"))
    assert pace.reserve(NOW, 100.0) == MAX_WAIT_S
    assert pace.factor == 0.5


def test_one_busy_study_opens_no_circuit_and_five_do() -> None:
    pace = Pace()
    for _ in range(50):
        pace.settled(NOW, "busy", 503, "the same")
    assert not pace.is_open(NOW)
    for number in range(FAILURES_THAT_OPEN - 1):
        pace.settled(NOW, "busy", 503, str(number))
    assert pace.is_open(NOW)


def test_a_place_that_comes_too_late_is_not_taken() -> None:
    pace = Pace()
    for _ in range(1000):
        pace.reserve(NOW, 0.5, patience=10.0)
    assert pace.reserve(NOW + 10, 0.5) < 10.0


def test_a_study_is_not_named_by_its_uid() -> None:
    assert "1.2.3" not in study_subject("1.2.3")
    assert study_subject("1.2.3") != study_subject("1.2.4")


@pytest.mark.parametrize("kind", ["unreachable", "timeout", "interrupted", "tls", "busy"])
def test_the_circuit_opens_after_failures_in_a_row(kind: Kind) -> None:
    pace = Pace()
    for _ in range(FAILURES_THAT_OPEN - 1):
        pace.settled(NOW, kind, None)
    assert not pace.is_open(NOW)
    pace.settled(NOW, kind, None)
    assert pace.is_open(NOW + 59)
    assert not pace.is_open(NOW + 60)


def test_the_wait_doubles_until_a_good_answer() -> None:
    pace, now = Pace(), NOW
    waits = []
    for _ in range(FAILURES_THAT_OPEN):
        pace.settled(now, "timeout", None)
    for _ in range(6):
        waits.append(pace.open_until - now)
        now = pace.open_until
        pace.settled(now, "timeout", None)
    assert waits == [60, 120, 240, 480, 900, 900]
    pace.settled(pace.open_until, None, 200)
    assert (pace.is_open(now), pace.failures, pace.opened) == (False, 0, 0)


def test_refused_credentials_open_it_at_once() -> None:
    pace = Pace()
    pace.settled(NOW, "unauthorized", 401)
    assert pace.is_open(NOW)
    assert "last one unauthorized" in pace.words(dt.UTC)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("not_found", 404), ("forbidden", 403), ("too_large", 200), ("not_json", 200)],
)
def test_a_fault_of_one_study_opens_nothing(kind: Kind, status: int) -> None:
    pace = Pace()
    for _ in range(50):
        pace.settled(NOW, kind, status)
    assert not pace.is_open(NOW)


def test_a_clock_that_was_set_back_holds_nobody() -> None:
    pace = Pace()
    for _ in range(FAILURES_THAT_OPEN):
        pace.settled(NOW, "timeout", None)
    pace.reserve(NOW, 1.0)
    assert not pace.is_open(NOW - 86_400)
    assert pace.reserve(NOW - 86_400, 1.0) <= 1.0


JUMPS = st.floats(-1e8, 1e8) | st.floats(-2000, 2000) | st.floats(-6, 6)
STEPS = st.tuples(
    st.floats(0, 5000),
    st.just(0.0) | JUMPS,
    st.sampled_from(["listing", "study", "other", "third", "failure", "good", "ask"]),
    st.floats(0, 1e9),
)


@given(st.lists(STEPS, max_size=40), st.floats(1.0, 5000.0))
def test_no_wait_outlives_its_bound_however_the_clock_is_set(
    steps: list[tuple[float, float, str, float]], longest: float
) -> None:
    """True time passes, the clock jumps as well; what is asked for is wild."""
    pace, clock = Pace(), NOW
    for passed, jump, what, asked in steps:
        clock += passed + jump
        subject = "" if what == "listing" else what
        if what in ("listing", "study", "other", "third"):
            pace.record(
                clock, Exchange(429, "busy", 0.1, retry_after=asked, subject=subject), longest
            )
        elif what == "failure":
            pace.settled(clock, "timeout", None, longest=longest)
        elif what == "good":
            pace.record(clock, GOOD, longest)
        for study in ("", "study", "other"):
            assert 0 <= pace.reserve(clock, 20.0, study, patience=1.0, longest=longest) <= longest
        assert 0 <= pace.open_for(clock, longest) <= longest
    for study in ("", "study", "other", "third"):
        assert pace.held_for(clock + longest + CLOCK_SLACK_S, study, longest) == 0.0
    assert pace.open_for(clock + longest + CLOCK_SLACK_S, longest) == 0.0


@given(JUMPS, st.sampled_from(["", "study"]))
def test_one_jump_of_the_clock_blocks_for_no_longer_than_the_bound(jump: float, study: str) -> None:
    pace = Pace()
    pace.record(NOW, Exchange(503, "busy", 0.1, retry_after=86_400.0, subject=study))
    for _ in range(FAILURES_THAT_OPEN):
        pace.settled(NOW, "timeout", None)
    assert pace.reserve(NOW + jump, 20.0, study, patience=1.0) <= MAX_WAIT_S
    later = NOW + jump + MAX_WAIT_S + CLOCK_SLACK_S
    assert (pace.held_for(later, study), pace.open_for(later)) == (0.0, 0.0)
    assert pace.reserve(later, 20.0, study) == 0.0

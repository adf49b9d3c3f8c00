"""The parts of a session that need no server."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from protocol_assets.sources.dicomweb.answers import Failure
from protocol_assets.sources.dicomweb.backoff import Backoff
from protocol_assets.sources.dicomweb.effort import Effort, EffortCounter
from protocol_assets.sources.dicomweb.request_context import RequestContext

NOW = datetime(2026, 3, 5, 6, 7, 8, tzinfo=UTC)
LONGEST = Backoff(60.0, lambda _low, high: high, lambda: NOW)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (7, 30.0)])
def test_the_longest_wait_doubles_up_to_a_bound(attempt: int, seconds: float) -> None:
    assert LONGEST.wait_s(Failure("busy"), attempt) == seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("999", 60.0), ("Thu, 05 Mar 2026 06:07:20 GMT", 12.0), (None, None), ("x", None)],
)
def test_a_server_may_ask_for_a_wait_up_to_a_bound(header: str | None, seconds: float) -> None:
    failure = Failure("busy", 503, retry_after=header)
    assert LONGEST.requested_s(failure) == seconds
    assert LONGEST.wait_s(failure, 1) == (seconds or 0.5)


def test_effort_is_added_up() -> None:
    counter = EffortCounter()
    counter.add(is_retry=False, received=10)
    counter.add(is_retry=True, received=5)
    assert counter.total == Effort(requests=2, retries=1, received=15)


def test_refusals_are_nested_and_end() -> None:
    context = RequestContext()
    with context.refusals(500), context.refusals(404):
        assert context.is_refusal(Failure("not_found", 404))
        assert context.is_refusal(Failure("bad_status", 500))
    assert not context.is_refusal(Failure("bad_status", 500))


def test_each_thread_has_its_own_context() -> None:
    context = RequestContext()
    seen: list[str] = []
    with context.unless('"1"'), context.taking(len):
        thread = threading.Thread(target=lambda: seen.append(context.etag))
        thread.start()
        thread.join()
        assert context.etag == '"1"'
        assert context.take({"00080018": {}}) == 1
    assert (seen, context.etag) == ([""], "")
    assert context.take({"00080018": {}}) == {"00080018": {}}

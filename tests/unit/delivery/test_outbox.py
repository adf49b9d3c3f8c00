"""The ledger of alerts: told once while it lasts, on every channel, whatever fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from protocol_assets.delivery.errors import DeliveryError
from protocol_assets.delivery.outbox import deliver, keep_standing, open_outbox
from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.prepare()
    return lake


class Channel:
    """Remembers each message; fails while it is told to."""

    def __init__(self) -> None:
        self.messages: list[list[str]] = []
        self.problem: Exception | None = None

    def __call__(self, lines: Sequence[str]) -> None:
        if self.problem is not None:
            raise self.problem
        self.messages.append(list(lines))


def tick(lake: Lake, standing: dict[str, str], **channels: Channel) -> list[str]:
    with open_outbox(lake, "partitions") as entries:
        keep_standing(entries, standing, channels)
        return deliver(entries.values(), channels)


def test_a_thing_is_told_once_while_it_lasts_and_again_when_it_comes_anew(lake: Lake) -> None:
    mail = Channel()
    for _ in range(3):
        assert tick(lake, {"a": "a is bad"}, mail=mail) == []
    assert mail.messages == [["a is bad"]]
    tick(lake, {}, mail=mail)
    tick(lake, {"a": "a is bad"}, mail=mail)
    assert mail.messages == [["a is bad"]] * 2


def test_its_words_may_change_while_it_lasts(lake: Lake) -> None:
    mail = Channel()
    tick(lake, {"a": "2 of 3 landed"}, mail=mail)
    tick(lake, {"a": "1 of 3 landed"}, mail=mail)
    assert mail.messages == [["2 of 3 landed"]]


def test_what_is_new_together_is_one_message(lake: Lake) -> None:
    mail = Channel()
    tick(lake, {"a": "a"}, mail=mail)
    tick(lake, {"a": "a", "b": "b", "c": "c"}, mail=mail)
    assert mail.messages == [["a"], ["b", "c"]]


def test_a_channel_that_fails_holds_up_no_other_and_is_tried_again(lake: Lake) -> None:
    mail, webhook = Channel(), Channel()
    mail.problem = DeliveryError("unreachable", "the mail server cannot be reached")
    for _ in range(3):
        problems = tick(lake, {"a": "a"}, mail=mail, webhook=webhook)
        assert problems == ["mail: the mail server cannot be reached"]
    mail.problem = None
    assert tick(lake, {"a": "a"}, mail=mail, webhook=webhook) == []
    assert (mail.messages, webhook.messages) == ([["a"]], [["a"]])


def test_an_unforeseen_error_is_told_without_its_text(lake: Lake) -> None:
    mail = Channel()
    mail.problem = RuntimeError("550 no mailbox chief@hospital.example")
    (problem,) = tick(lake, {"a": "a"}, mail=mail)
    assert "chief@" not in problem


def test_what_ended_before_it_could_be_told_is_not_told(lake: Lake) -> None:
    mail = Channel()
    mail.problem = DeliveryError("busy", "busy")
    tick(lake, {"a": "a"}, mail=mail)
    mail.problem = None
    tick(lake, {}, mail=mail)
    assert mail.messages == []


def test_a_channel_that_is_no_more_is_not_waited_for(lake: Lake) -> None:
    mail, webhook = Channel(), Channel()
    mail.problem = DeliveryError("busy", "busy")
    tick(lake, {"a": "a"}, mail=mail, webhook=webhook)
    assert tick(lake, {"a": "a"}, webhook=webhook) == []
    mail.problem = None
    tick(lake, {"a": "a"}, mail=mail, webhook=webhook)
    assert (mail.messages, webhook.messages) == ([], [["a"]])


def test_nothing_is_written_where_nothing_is_told(lake: Lake) -> None:
    tick(lake, {}, mail=Channel())
    assert list(lake.local_path(lake.deliveries).rglob("*.json")) == []


@pytest.mark.parametrize("content", ["{", "[]", '{"a": {"unknown": 1}}', '{"a": 1}'])
def test_a_damaged_ledger_says_so(lake: Lake, content: str) -> None:
    tick(lake, {"a": "a"}, mail=Channel())
    (path,) = lake.local_path(lake.deliveries).rglob("*.json")
    path.write_text(content)
    with pytest.raises(Fault, match="damaged"):
        tick(lake, {}, mail=Channel())

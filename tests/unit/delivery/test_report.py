"""Who gets the report: by list, by address, once a day, whatever the server says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from protocol_assets.delivery import report as module
from protocol_assets.delivery.errors import DeliveryError
from protocol_assets.delivery.outlets import MailingList, Outlets
from protocol_assets.delivery.report import Edition, Outcome, send_report
from protocol_assets.delivery.smtp import Handover, MailServer
from protocol_assets.delivery.webhook import Webhook
from protocol_assets.figures.scope import Scope
from protocol_assets.lake.zones import Lake
from protocol_assets.reports.mail import MailBody
from protocol_assets.settings.addresses import mailbox

DAY = dt.date(2026, 3, 4)
NOW = dt.datetime(2026, 3, 5, 6, 0, tzinfo=dt.UTC)
SERVER = MailServer("mail.example", 587, "starttls")
CHIEF, HEAD = "chief@hospital.example", "head@hospital.example"
BUSY = DeliveryError("busy", "the mail server cannot take it now", is_passing=True)
BROKEN = DeliveryError("unknown", "nobody knows", is_unknown=True)
UNTRUSTED = DeliveryError("certificate", "not trusted")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.prepare()
    return lake


class Servers:
    """A mail server and a webhook that do as they are told, and keep what they were given."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.mails: list[tuple[tuple[str, ...], bytes]] = []
        self.lines: list[str] = []
        self.before: BaseException | None = None
        self.after: BaseException | None = None
        self.refused: set[str] = set()
        self.postponed: set[str] = set()
        patch.setattr(module, "hand_over", self._hand_over)
        patch.setattr(module, "post", self._post)

    def _hand_over(
        self,
        server: MailServer,
        sender: str,
        to: Sequence[str],
        message: bytes,
        *,
        commit: Callable[[Sequence[str]], None],
    ) -> Handover:
        assert (server, sender) == (SERVER, "mr@hospital.example")
        self._fail(self.before)
        accepted = tuple(one for one in to if one not in self.refused | self.postponed)
        if accepted:
            commit(accepted)
            self._fail(self.after)
            self.mails.append((accepted, message))
        return Handover(
            accepted,
            tuple(one for one in to if one in self.refused),
            tuple(one for one in to if one in self.postponed),
        )

    def _post(self, webhook: Webhook, text: str, *, commit: Callable[[], None]) -> None:
        self._fail(self.before)
        commit()
        self._fail(self.after)
        self.lines.append(text)

    def _fail(self, error: BaseException | None) -> None:
        if error is not None:
            raise error


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    return Servers(monkeypatch)


def chiefs(*to: str, **changed: Any) -> MailingList:
    options: dict[str, Any] = {"name": "chiefs", "scope": Scope(), "modalities": ()}
    options |= {"language": "en", "to": tuple(map(mailbox, to or (CHIEF, HEAD)))}
    return MailingList(**(options | changed))


def run(
    lake: Lake,
    *lists: MailingList,
    day: dt.date | None = DAY,
    known: Sequence[Scope] = (Scope(),),
    webhook: bool = False,
) -> list[Outcome]:
    def edition(scope: Scope, language: str) -> Edition:
        body = MailBody(f"MR {day}", f"<p>{scope.sites}</p>", f"{scope.sites} {language}", {})
        return Edition(day, scope in known, lambda: body, lambda: b"%PDF-")

    outlets = Outlets(
        sender=mailbox("mr@hospital.example"),
        server=lambda: SERVER,
        webhook=(lambda: Webhook("https://chat.example/")) if webhook else None,
        lists=lists,
    )
    return list(send_report(lake, outlets, edition, "en", NOW))


def states(outcomes: list[Outcome]) -> list[str]:
    return [one.state for one in outcomes]


def test_a_day_is_sent_once_to_each_list(lake: Lake, servers: Servers) -> None:
    one, other = chiefs(), chiefs(HEAD, name="north")
    assert states(run(lake, one, other)) == ["sent", "sent"]
    for _ in range(3):
        assert states(run(lake, one, other)) == ["sent before"] * 2
    assert [to for to, _ in servers.mails] == [(CHIEF, HEAD), (HEAD,)]
    assert states(run(lake, one, day=DAY + dt.timedelta(days=1))) == ["sent"]


def test_a_day_before_the_last_is_not_sent(lake: Lake, servers: Servers) -> None:
    run(lake, chiefs())
    assert states(run(lake, chiefs(), day=DAY - dt.timedelta(days=1))) == ["sent before"]
    assert len(servers.mails) == 1


def test_lists_get_their_scope_and_language(lake: Lake, servers: Servers) -> None:
    north, south = Scope(sites=("North",)), Scope(sites=("South",))
    lists = chiefs(scope=north, name="n"), chiefs(scope=south, name="s", language="pt")
    assert states(run(lake, *lists, known=(north, south))) == ["sent", "sent"]
    texts = [message for _, message in servers.mails]
    assert b"North" in texts[0]
    assert b"pt" in texts[1]


@pytest.mark.parametrize(
    ("changed", "day"),
    [
        ({}, None),
        ({"modalities": ("CT", "US")}, DAY),
        ({"scope": Scope(sites=("Nrth",))}, DAY),
    ],
)
def test_what_has_nothing_for_a_list_sends_nothing(
    lake: Lake, servers: Servers, changed: dict[str, Any], day: dt.date | None
) -> None:
    (outcome,) = run(lake, chiefs(**changed), day=day)
    assert outcome.state == "not for it"
    assert outcome.reason
    assert servers.mails == []


def test_a_list_for_mr_among_others_is_served(lake: Lake, servers: Servers) -> None:
    assert states(run(lake, chiefs(modalities=("CT", "MR")))) == ["sent"]


@pytest.mark.parametrize("error", [BUSY, UNTRUSTED])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_not_taken_is_sent_by_the_next_run(
    lake: Lake, servers: Servers, error: DeliveryError, when: str
) -> None:
    setattr(servers, when, error)
    (outcome,) = run(lake, chiefs())
    assert (outcome.state, outcome.is_passing) == ("failed", error.is_passing)
    setattr(servers, when, None)
    assert states(run(lake, chiefs())) == ["sent"]
    assert len(servers.mails) == 1


def test_what_nobody_knows_is_not_sent_again_and_stays_visible(
    lake: Lake, servers: Servers
) -> None:
    servers.after = BROKEN
    assert states(run(lake, chiefs())) == ["unknown"]
    servers.after = None
    assert states(run(lake, chiefs())) == ["unknown"]
    assert servers.mails == []
    assert states(run(lake, chiefs(), day=DAY + dt.timedelta(days=1))) == ["sent"]


@pytest.mark.parametrize(("when", "then"), [("before", "sent"), ("after", "unknown")])
def test_a_process_that_dies(lake: Lake, servers: Servers, when: str, then: str) -> None:
    setattr(servers, when, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(lake, chiefs())
    setattr(servers, when, None)
    assert states(run(lake, chiefs())) == [then]


def test_an_address_that_is_refused_is_told_of_and_the_others_are_served(
    lake: Lake, servers: Servers
) -> None:
    servers.refused = {HEAD}
    (outcome,) = run(lake, chiefs())
    assert (outcome.state, outcome.addresses) == ("refused", 1)
    assert outcome.reason == "the server does not know 1 of 2 addresses; correct the list"
    servers.refused = set()
    assert states(run(lake, chiefs())) == ["refused"]
    assert states(run(lake, chiefs(CHIEF, "head.of@hospital.example"))) == ["sent"]
    assert [to for to, _ in servers.mails] == [(CHIEF,), ("head.of@hospital.example",)]


def test_an_address_that_is_postponed_is_served_alone_later(lake: Lake, servers: Servers) -> None:
    servers.postponed = {HEAD}
    (outcome,) = run(lake, chiefs())
    assert (outcome.state, outcome.is_passing, outcome.addresses) == ("failed", True, 1)
    servers.postponed = set()
    assert states(run(lake, chiefs())) == ["sent"]
    assert [to for to, _ in servers.mails] == [(CHIEF,), (HEAD,)]
    identifiers = {
        line
        for _, message in servers.mails
        for line in message.split(b"\r\n")
        if line.startswith(b"Message-ID")
    }
    assert len(identifiers) == 1


def test_a_list_that_fails_holds_up_no_other(lake: Lake, servers: Servers) -> None:
    def broken(scope: Scope, language: str) -> Edition:
        if scope.sites:
            raise RuntimeError("Doe^John")
        return Edition(DAY, True, lambda: MailBody("MR", "", "", {}), lambda: b"%PDF-")

    outlets = Outlets(
        sender=mailbox("mr@hospital.example"),
        server=lambda: SERVER,
        lists=(chiefs(name="n", scope=Scope(sites=("North",))), chiefs()),
    )
    outcomes = list(send_report(lake, outlets, broken, "en", NOW))
    assert states(outcomes) == ["failed", "sent"]
    assert "Doe" not in outcomes[0].reason


def test_the_webhook_is_told_once_a_day(lake: Lake, servers: Servers) -> None:
    for expected in ("sent", "sent before"):
        assert states(run(lake, webhook=True)) == [expected]
    assert servers.lines == [f"MR {DAY}"]
    assert states(run(lake, webhook=True, day=None)) == ["not for it"]
    servers.after = BROKEN
    tomorrow = DAY + dt.timedelta(days=1)
    assert states(run(lake, webhook=True, day=tomorrow)) == ["unknown"]
    servers.after = None
    assert states(run(lake, webhook=True, day=tomorrow)) == ["unknown"]
    assert states(run(lake, webhook=True, day=DAY)) == ["sent before"]


def test_nobody_configured_is_nothing(lake: Lake) -> None:
    assert run(lake) == []
    assert not lake.local_path(lake.deliveries).exists()

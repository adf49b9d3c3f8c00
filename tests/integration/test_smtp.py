"""Handing a message over to a real SMTP server: encrypted, verified, once, or a plain refusal."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from protocol_assets.delivery.errors import DeliveryError
from protocol_assets.delivery.message import Envelope, message_id, text_message
from protocol_assets.delivery.smtp import Handover, MailServer, hand_over
from protocol_assets.settings.addresses import mailbox
from tests.integration.certificates import Authority
from tests.integration.mail_server import LOGIN, MailBox, mail_server

SENDER = mailbox("MR protocols <mr@hospital.example>")
CHIEF, HEAD = "chief@hospital.example", "head@hospital.example"
TEXT = "First\n.\n..two\n.bcc\nlast."

# A server without STARTTLS, or with TLS below SMTP, wants its login over what it takes for plain.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

Serve = Callable[..., MailBox]


def message(to: Sequence[str] = (CHIEF,), text: str = TEXT) -> bytes:
    return text_message(
        Envelope(
            sender=SENDER,
            to=tuple(map(mailbox, to)),
            subject="MR protocols",
            at=dt.datetime(2026, 3, 5, tzinfo=dt.UTC),
            message_id=message_id(SENDER, "test"),
        ),
        text,
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("mail") / "right").make()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("mail") / "other").make()


@pytest.fixture
def serve(authority: Authority) -> Iterator[Serve]:
    """Starts a server whose certificate is the right authority's; ``host`` as in ``issue``."""
    with ExitStack() as stack:

        def start(*, host: str = "IP:127.0.0.1", tls: bool = True, **options: Any) -> MailBox:
            context = None
            if tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*authority.issue("mail", host=host))
            return stack.enter_context(mail_server(context, **options))

        yield start


def server(box: MailBox, authority: Authority, **changed: Any) -> MailServer:
    name, password = LOGIN
    right = MailServer(
        "127.0.0.1", box.port, "starttls", name, password, ca_file=authority.certificate
    )
    return replace(right, **changed)


def sent(to_server: MailServer, *to: str, text: str = TEXT) -> tuple[Handover, list[str]]:
    """What came of it, and what was committed before the end."""
    committed: list[str] = []
    addresses = to or (CHIEF,)
    content = message(addresses, text)
    return hand_over(to_server, SENDER.addr_spec, addresses, content, commit=committed.extend), (
        committed
    )


def refusal(to_server: MailServer) -> DeliveryError:
    committed: list[str] = []
    with pytest.raises(DeliveryError) as caught:
        hand_over(to_server, SENDER.addr_spec, [CHIEF], message(), commit=committed.extend)
    error = caught.value
    assert not [one for one in (CHIEF, "127.0.0.1", *LOGIN, "invalid") if one in str(error)]
    assert error.__context__ is None, "the server's own words do not come along"
    assert "\n" not in str(error)
    return error


def test_a_message_goes_over_encrypted_and_whole(serve: Serve, authority: Authority) -> None:
    box = serve()
    handover, committed = sent(server(box, authority), CHIEF, HEAD)
    assert handover == Handover((CHIEF, HEAD), (), ())
    assert committed == [CHIEF, HEAD]
    ((to, mail),) = box.mails
    assert to == [CHIEF, HEAD]
    assert mail.get_content().replace("\r\n", "\n").rstrip("\n") == TEXT
    assert mail["Message-ID"] == message_id(SENDER, "test")
    assert box.logins == [("monitor", True)]
    plain = [line.upper() for line in box.plain_lines]
    assert plain == ["EHLO [127.0.0.1]", "STARTTLS"], "and no name of this machine"
    assert box.connections == 1


def test_tls_from_the_start(serve: Serve, authority: Authority) -> None:
    box = serve(is_implicit=True)
    sent(server(box, authority, security="tls"))
    assert len(box.mails) == 1
    assert box.plain_lines == []


def test_a_relay_without_login(serve: Serve, authority: Authority) -> None:
    box = serve(login=False)
    sent(server(box, authority, username=None, password=None))
    assert (len(box.mails), box.logins) == (1, [])


@pytest.mark.parametrize(
    ("served", "asked", "kind", "advice"),
    [
        ({}, {"ca_file": None}, "certificate", "name its authority in ca_file"),
        ({"host": "DNS:mail.example"}, {}, "certificate", "set host to the name it is for"),
        ({"host": "IP:127.0.0.2"}, {}, "certificate", "set host to the name it is for"),
        ({"tls": False}, {}, "no STARTTLS", "nothing is sent unencrypted"),
        ({}, {"password": "wrong"}, "login refused", "look at the credentials"),
        ({}, {"username": None}, "login wanted", "set username_env and password_env"),
        ({"is_implicit": True}, {"ca_file": None, "security": "tls"}, "certificate", "ca_file"),
        ({}, {"security": "tls"}, "TLS", "look at port, security"),
        ({}, {"ca_file": Path("/absent.pem")}, "ca_file", "give a PEM file"),
    ],
)
def test_what_is_refused(
    serve: Serve,
    authority: Authority,
    served: dict[str, Any],
    asked: dict[str, Any],
    kind: str,
    advice: str,
) -> None:
    box = serve(**served)
    error = refusal(server(box, authority, **asked))
    assert (error.kind, error.is_passing, error.is_unknown) == (kind, False, False)
    assert advice in str(error)
    assert box.mails == []
    assert not [line for line in box.plain_lines if line.startswith(("AUTH", "MAIL"))]


def test_another_authority_is_not_trusted(
    serve: Serve, authority: Authority, other: Authority
) -> None:
    box = serve()
    assert refusal(server(box, other)).kind == "certificate"
    sent(server(box, authority))
    assert len(box.mails) == 1


def test_where_nobody_listens(serve: Serve, authority: Authority) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refusal(server(serve(), authority, port=port))
    assert (error.kind, error.is_passing) == ("unreachable", True)


def test_a_server_that_is_mute(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("protocol_assets.delivery.smtp._TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        error = refusal(MailServer("127.0.0.1", mute.getsockname()[1], "starttls"))
    assert (error.kind, error.is_passing) == ("timeout", True)


@pytest.mark.parametrize(
    ("end", "kind", "is_passing", "is_unknown"),
    [
        ("451 chief@hospital.example is busy", "busy", True, False),
        ("554 chief@hospital.example is no more", "rejected", False, False),
        ("", "unknown", False, True),
    ],
)
def test_what_the_answer_to_the_end_means(
    serve: Serve, authority: Authority, end: str, kind: str, is_passing: bool, is_unknown: bool
) -> None:
    box = serve()
    box.end = end
    error = refusal(server(box, authority))
    assert (error.kind, error.is_passing, error.is_unknown) == (kind, is_passing, is_unknown)


def test_addresses_are_told_apart(serve: Serve, authority: Authority) -> None:
    box = serve()
    box.replies = {HEAD: "550 no such user", "late@hospital.example": "450 greylisted"}
    handover, committed = sent(server(box, authority), CHIEF, HEAD, "late@hospital.example")
    assert handover == Handover((CHIEF,), (HEAD,), ("late@hospital.example",))
    assert committed == [CHIEF]
    assert [to for to, _ in box.mails] == [[CHIEF]]
    box.replies[CHIEF] = "550 no such user"
    handover, committed = sent(server(box, authority), CHIEF, HEAD)
    assert (handover.accepted, committed, len(box.mails)) == ((), [], 1)

"""A real SMTP server on loopback that keeps what it accepts, and can be told to misbehave."""

from __future__ import annotations

import asyncio
import email
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

__all__ = ["LOGIN", "MailBox", "mail_server"]

LOGIN = ("monitor", "S3CRET")


@dataclass
class MailBox:
    """What a server accepted, and how it answers.

    Attributes:
        port: Where it listens.
        mails: Receivers and message, in the order they came.
        logins: User names that logged in, with whether they were accepted.
        connections: Connections made.
        plain_lines: Commands that came over a connection that was not encrypted.
        replies: What is answered to an address in place of 250.
        end: What is answered to the end of a message in place of 250; empty breaks the connection
            instead of an answer.
    """

    port: int = 0
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    logins: list[tuple[str, bool]] = field(default_factory=list)
    connections: int = 0
    plain_lines: list[str] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    end: str | None = None

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.replies.get(address)
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.end == "":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        if self.end is not None:
            return self.end
        content = envelope.original_content or b""
        message = email.message_from_bytes(content, policy=POLICY)
        assert isinstance(message, EmailMessage)
        self.mails.append((list(envelope.rcpt_tos), message))
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        name, password = data.login.decode(), data.password.decode()
        accepted = (name, password) == LOGIN
        self.logins.append((name, accepted))
        return AuthResult(success=accepted, handled=False)


class _Server(SMTP):
    """Counts connections and what comes in the clear."""

    box: MailBox

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.transport is None:  # STARTTLS makes it anew
            self.box.connections += 1
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self.transport is not None and self.transport.get_extra_info("sslcontext") is None:
            self.box.plain_lines += data.decode("latin-1").splitlines()
        super().data_received(data)


@contextmanager
def mail_server(
    certificate: ssl.SSLContext | None, *, is_implicit: bool = False, login: bool = True
) -> Iterator[MailBox]:
    """A server in a thread of its own.

    Args:
        certificate: For TLS; None for a server without STARTTLS.
        is_implicit: TLS from the first byte in place of STARTTLS.
        login: Whether it wants one.
    """
    box = MailBox()

    servers: list[_Server] = []

    def protocol() -> SMTP:
        server = _Server(
            box,
            hostname="mail.invalid",
            tls_context=None if is_implicit else certificate,
            require_starttls=certificate is not None and not is_implicit,
            auth_require_tls=certificate is not None and not is_implicit,
            auth_required=login,
            authenticator=box.authenticate,
            enable_SMTPUTF8=False,
            loop=loop,
        )
        server.box = box
        servers.append(server)
        return server

    loop = asyncio.new_event_loop()
    listener = loop.run_until_complete(
        loop.create_server(protocol, "127.0.0.1", 0, ssl=certificate if is_implicit else None)
    )
    box.port = listener.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield box
    finally:
        asyncio.run_coroutine_threadsafe(_stop(listener, servers), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(listener: asyncio.Server, servers: list[_Server]) -> None:
    listener.close()
    for server in servers:
        for transport in (server.transport, server._original_transport):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
    tasks = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.01)  # transports close on the loop's next turns

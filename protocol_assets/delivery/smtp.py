"""One message handed over to one mail server: always encrypted, always verified, once.

RFC 5321, 3207 (STARTTLS), 8314 (TLS from the start), 4954 (AUTH).
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from protocol_assets.delivery.errors import DeliveryError, trusting
from protocol_assets.faults import explain_os_error
from protocol_assets.settings.delivery import Security

__all__ = ["Handover", "MailServer", "hand_over"]


_TIMEOUT_S: Final = 20.0
"""Longest silence; a tick of a sensor, which sends alerts, is broken off after a minute."""
_CALLED: Final = "[127.0.0.1]"
"""Said in EHLO in place of this machine's name, which would stand in every mail."""
_WRONG_HOST: Final = 62  # X509_V_ERR_HOSTNAME_MISMATCH
_WRONG_ADDRESS: Final = 64  # X509_V_ERR_IP_ADDRESS_MISMATCH


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over.

    Attributes:
        host: Its name, which its certificate must be for.
        port: Usually 587 for STARTTLS and 465 for TLS.
        security: There is no third.
        username: None for a relay that knows this machine.
        password: Its password.
        ca_file: Authorities to trust in place of the system's.
    """

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Handover:
    """What the server said of each address.

    Attributes:
        accepted: It took the message for them.
        refused: It does not know them.
        postponed: It would not take it for them now.
    """

    accepted: tuple[str, ...]
    refused: tuple[str, ...]
    postponed: tuple[str, ...]


def hand_over(
    server: MailServer,
    sender: str,
    to: Sequence[str],
    message: bytes,
    *,
    commit: Callable[[Sequence[str]], None],
) -> Handover:
    """Hand a message over.

    A server may accept a message with the line that ends it, not before. Just before that line,
    ``commit`` is called with the addresses it would be accepted for: what happens until then can be
    done again, what happens after it cannot be known.

    Args:
        server: To whom.
        sender: Address of the sender.
        to: Addresses.
        message: Lines end with CRLF.
        commit: Remembers that the message may have been sent.

    Raises:
        DeliveryError: It was not taken, or nobody knows.
    """
    context = trusting(server.ca_file, "the mail server")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    ending: list[bool] = []
    uncommitted: list[OSError] = []
    problem: DeliveryError | None = None
    try:
        with _session(server, context) as smtp:
            _expect(smtp.mail(sender)[0], 250)
            codes = {address: smtp.rcpt(address)[0] for address in to}
            handover = _sorted(codes)
            if handover.accepted:
                _expect(smtp.docmd("DATA")[0], 354)
                smtp.send(_stuffed(message))
                try:
                    commit(handover.accepted)
                except OSError as error:
                    uncommitted.append(error)
                    raise
                ending.append(True)
                smtp.send(b".\r\n")
                code = smtp.getreply()[0]
                ending.clear()
                _expect(code, 250)
            return handover
    except DeliveryError:
        raise
    except (OSError, smtplib.SMTPException) as error:
        if uncommitted:
            raise  # no fault of the server
        problem = _unknown() if ending else _judged(error)
    # Outside of the block, so that the server's own words do not come along as its context.
    raise problem


@contextmanager
def _session(server: MailServer, context: ssl.SSLContext) -> Iterator[smtplib.SMTP]:
    """An encrypted session, logged in where there is a login."""
    if server.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, _CALLED, timeout=_TIMEOUT_S, context=context
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, _CALLED, timeout=_TIMEOUT_S)
    try:
        if server.security == "starttls":
            _start_tls(smtp, context)
        smtp.ehlo_or_helo_if_needed()
        if server.username is not None:
            _log_in(smtp, server.username, server.password or "")
        yield smtp
        # Whatever it says to this, it has taken the message.
        with suppress(OSError, smtplib.SMTPException):
            smtp.quit()
    finally:
        smtp.close()


def _start_tls(smtp: smtplib.SMTP, context: ssl.SSLContext) -> None:
    smtp.ehlo_or_helo_if_needed()
    if smtp.has_extn("starttls"):
        smtp.starttls(context=context)
        return
    raise DeliveryError(
        "no STARTTLS",
        "the mail server offers no STARTTLS, and nothing is sent unencrypted; "
        'ask for the port that does, or set security = "tls"',
    )


def _log_in(smtp: smtplib.SMTP, username: str, password: str) -> None:
    if smtp.has_extn("auth"):
        smtp.login(username, password)
        return
    raise DeliveryError(
        "no login",
        "the mail server offers no login; ask for the port that does, or leave out username_env",
    )


def _stuffed(message: bytes) -> bytes:
    """As it goes over the line: dots doubled where a line begins with one (RFC 5321, 4.5.2)."""
    ended = message if message.endswith(b"\r\n") else message + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended)


def _sorted(codes: dict[str, int]) -> Handover:
    accepted = tuple(one for one, code in codes.items() if code in (250, 251, 252))
    refused = tuple(one for one, code in codes.items() if code >= 500)
    rest = tuple(one for one in codes if one not in {*accepted, *refused})
    return Handover(accepted, refused, rest)


def _expect(code: int, wanted: int) -> None:
    if code != wanted:
        raise _by_code(code)


def _by_code(code: int) -> DeliveryError:
    if code == 530:
        return DeliveryError(
            "login wanted", "the mail server wants a login; set username_env and password_env"
        )
    if 400 <= code < 500 or code == -1:
        return DeliveryError(
            "busy",
            f"the mail server cannot take it now ({code}); it is tried again",
            is_passing=True,
        )
    return DeliveryError(
        "rejected",
        f"the mail server does not take this sender or message ({code}); ask its administrator",
    )


def _unknown() -> DeliveryError:
    return DeliveryError(
        "unknown",
        "the connection broke after the whole message: nobody knows whether it arrived, "
        "and it is not sent again",
        is_unknown=True,
    )


def _judged(error: OSError | smtplib.SMTPException) -> DeliveryError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error)
    if isinstance(error, ssl.SSLError):
        return DeliveryError(
            "TLS",
            "no TLS connection to the mail server; look at port, security and its TLS versions",
        )
    if isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code >= 500:
        return DeliveryError(
            "login refused",
            f"the mail server refused the login ({error.smtp_code}); "
            "look at the credentials that username_env and password_env name",
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return _by_code(error.smtp_code)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return DeliveryError(
            "no login", "the mail server offers no way to log in that is known here"
        )
    # While it waits for an answer, smtplib makes a timeout a disconnection.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return DeliveryError(
            "timeout", "the mail server did not answer in time; it is tried again", is_passing=True
        )
    why = explain_os_error(error) if isinstance(error, OSError) else ""
    return DeliveryError(
        "unreachable",
        f"the mail server cannot be reached{f' ({why})' if why else ''}; "
        "check host, port and firewall",
        is_passing=True,
    )


def _certificate(error: ssl.SSLCertVerificationError) -> DeliveryError:
    if error.verify_code in (_WRONG_HOST, _WRONG_ADDRESS):
        text = "the mail server's certificate is for another name; set host to the name it is for"
        return DeliveryError("certificate", text)
    text = "the mail server's certificate is not trusted; name its authority in ca_file"
    return DeliveryError("certificate", text)

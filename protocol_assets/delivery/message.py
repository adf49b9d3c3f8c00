"""Messages as bytes: the parts, the headers, the addresses. Pure, and the same bytes every time."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

__all__ = ["Attachment", "Envelope", "message_id", "report_message", "text_message"]

_LONGEST_SUBJECT: Final = 200

# Shorter lines would be folded within a long Message-ID; a line may have 998 (RFC 5322, 2.1.1).
_HEADERS: Final = SMTP.clone(max_line_length=900)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers of a message.

    Attributes:
        sender: Who it is from, as ``mailbox`` reads it.
        to: Who it is for.
        subject: One line; line breaks and control characters become spaces.
        at: When it is sent, with its zone.
        message_id: As ``message_id`` makes it.
        list_id: Name of the list (RFC 2919), empty for none.
    """

    sender: Address
    to: Sequence[Address]
    subject: str
    at: dt.datetime
    message_id: str
    list_id: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A PDF and the name under which it is saved."""

    name: str
    content: bytes


def message_id(sender: Address, *parts: str) -> str:
    """The same for the same parts, so that a mail system can tell a second copy by it.

    It tells neither host nor time.

    Args:
        sender: Its domain ends the identifier.
        parts: What makes the message what it is: deployment, list, day.
    """
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"<{digest[:32]}@{sender.domain}>"


def report_message(
    envelope: Envelope,
    *,
    text: str,
    html: str,
    images: Mapping[str, bytes],
    pdf: Attachment,
) -> bytes:
    """The report: text and HTML, the pictures of the HTML, and the PDF.

    multipart/mixed (multipart/related (multipart/alternative (text, HTML), pictures), PDF), as in
    RFC 2046 and 2387.

    Args:
        envelope: Its headers.
        text: The body for readers without HTML.
        html: The body; its pictures are named ``cid:NAME``.
        images: PNG by that name.
        pdf: What is attached.
    """
    alternatives = _multipart(envelope, "alternative", [_text(text), _text(html, "html")])
    pictures = [_picture(name, content) for name, content in images.items()]
    body = _multipart(
        envelope, "related", [alternatives, *pictures], 'type="multipart/alternative"'
    )
    attached = MIMEPart(policy=SMTP)
    attached.set_content(
        pdf.content,
        maintype="application",
        subtype="pdf",
        disposition="attachment",
        filename=pdf.name,
    )
    message = EmailMessage(policy=_HEADERS)
    _head(message, envelope)
    message["MIME-Version"] = "1.0"
    _fill(message, envelope, "mixed", [body, attached])
    return message.as_bytes()


def text_message(envelope: Envelope, text: str) -> bytes:
    """A message of plain text."""
    message = EmailMessage(policy=_HEADERS)
    _head(message, envelope)
    part = _text(text)
    message["MIME-Version"] = "1.0"
    for name, value in part.items():
        message[name] = value
    message.set_payload(part.get_payload())
    return message.as_bytes()


def _head(message: EmailMessage, envelope: Envelope) -> None:
    message["From"] = envelope.sender
    message["To"] = tuple(envelope.to)
    message["Subject"] = _one_line(envelope.subject)
    message["Date"] = format_datetime(envelope.at)
    message["Message-ID"] = envelope.message_id
    if envelope.list_id:
        message["List-Id"] = f"<{envelope.list_id}.protocol-assets.{envelope.sender.domain}>"
    # So that nobody's absence is answered, RFC 3834; Exchange heeds its own header.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"


def _one_line(text: str) -> str:
    shown = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(shown.split())[:_LONGEST_SUBJECT]


def _text(text: str, subtype: str = "plain") -> MIMEPart:
    part = MIMEPart(policy=SMTP)
    part.set_content(text, subtype=subtype, cte="quoted-printable")
    return part


def _picture(name: str, content: bytes) -> MIMEPart:
    part = MIMEPart(policy=SMTP)
    part.set_content(
        content, maintype="image", subtype="png", disposition="inline", cid=f"<{name}>"
    )
    return part


def _multipart(
    envelope: Envelope, subtype: str, parts: Sequence[MIMEPart], parameter: str = ""
) -> MIMEPart:
    whole = MIMEPart(policy=SMTP)
    _fill(whole, envelope, subtype, parts, parameter)
    return whole


def _fill(
    whole: MIMEPart,
    envelope: Envelope,
    subtype: str,
    parts: Sequence[MIMEPart],
    parameter: str = "",
) -> None:
    # The library's own boundaries are random.
    digest = hashlib.sha256(f"{subtype} {envelope.message_id}".encode()).hexdigest()
    values = [f"multipart/{subtype}", f'boundary="{digest[:48]}"', *filter(None, [parameter])]
    whole["Content-Type"] = "; ".join(values)
    for part in parts:
        whole.attach(part)

"""Messages as a mail reader and a mail server see them."""

from __future__ import annotations

import datetime as dt
import email
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.delivery.message import (
    Attachment,
    Envelope,
    message_id,
    report_message,
    text_message,
)
from protocol_assets.settings.addresses import mailbox

SENDER = mailbox("MR protocols <mr@hospital.example>")
AT = dt.datetime(2026, 3, 5, 6, 30, tzinfo=dt.UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PDF = b"%PDF-1.7\r\n" + bytes(range(256)) * 9


def envelope(
    subject: str = "MR protocols", *to: str, sender: Address = SENDER, list_id: str = "chiefs"
) -> Envelope:
    return Envelope(
        sender=sender,
        to=tuple(map(mailbox, to or ("chief@hospital.example",))),
        subject=subject,
        at=AT,
        message_id=message_id(sender, "home", "chiefs", "2026-03-04"),
        list_id=list_id,
    )


def written(above: Envelope, text: str = "Text", html: str = "<p>Text</p>") -> bytes:
    pdf = Attachment("report.pdf", PDF)
    images = {"trend": PNG, "scanner-1": PNG[::-1]}
    return report_message(above, text=text, html=html, images=images, pdf=pdf)


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert not part.defects
    return message


def test_parts_stand_as_mail_readers_expect_them() -> None:
    message = parsed(written(envelope()))
    shape = [(part.get_content_type(), part.get_content_disposition()) for part in message.walk()]
    assert shape == [
        ("multipart/mixed", None),
        ("multipart/related", None),
        ("multipart/alternative", None),
        ("text/plain", None),
        ("text/html", None),
        ("image/png", "inline"),
        ("image/png", "inline"),
        ("application/pdf", "attachment"),
    ]
    assert message.get_body(("html",)) is not None
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "report.pdf"
    assert attached.get_content() == PDF
    images = {part["Content-ID"]: part for part in message.walk() if part["Content-ID"]}
    assert set(images) == {"<trend>", "<scanner-1>"}
    assert images["<trend>"].get_content() == PNG


def test_headers_say_that_a_machine_wrote_it_and_not_which() -> None:
    message = parsed(written(envelope()))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["List-Id"] == "<chiefs.protocol-assets.hospital.example>"
    assert message["Date"].datetime == AT
    assert message["MIME-Version"] == "1.0"
    assert message["Message-ID"].endswith("@hospital.example>")
    assert message["From"].addresses == (SENDER,)
    assert [name.lower() for name in message].count("message-id") == 1


def test_the_identifier_is_of_the_list_and_the_day() -> None:
    def one(*parts: str) -> str:
        return message_id(SENDER, "home", *parts)

    assert one("chiefs", "2026-03-04") == one("chiefs", "2026-03-04")
    others = {one("chiefs", "2026-03-04"), one("chiefs", "2026-03-05"), one("mr", "2026-03-04")}
    assert len(others) == 3
    assert message_id(SENDER, "elsewhere", "chiefs", "2026-03-04") not in others


def test_the_same_message_is_the_same_bytes() -> None:
    assert written(envelope()) == written(envelope())


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028", "\x00"])
def test_a_label_cannot_add_a_header(break_: str) -> None:
    label = f"MR 1{break_}Bcc: thief@elsewhere.example{break_}{break_}Body"
    content = written(envelope(label), label, f"<p>{label}</p>")
    message = parsed(content)
    assert message["Bcc"] is None
    assert message["Subject"] == "MR 1 Bcc: thief@elsewhere.example Body"
    head = content.partition(b"\r\n\r\n")[0]
    assert b"\r\nBcc" not in head
    assert b"\x00" not in head


@pytest.mark.parametrize(
    "text",
    [
        "",
        "chief",
        "chief@",
        "@hospital.example",
        "a@b.example, c@d.example",
        "a@b.example\nBcc: thief@elsewhere.example",
        "Chief\r\nBcc: thief@elsewhere.example <a@b.example>",
        "friends: a@b.example;",
        "chief hospital@b.example",
        '"a b"@b.example',
        "chief@hospital example",
        "chief@[10.0.0.1]",
        "<a@b.example> <c@d.example>",
        f"{'a' * 250}@b.example",
    ],
)
def test_what_is_not_one_address_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"write one address|one line") as caught:
        mailbox(text)
    assert "thief" not in str(caught.value)


@pytest.mark.parametrize("text", ["chefärztin@klinik.example", "chief@klinik-süd.example"])
def test_an_address_that_needs_smtputf8_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        mailbox(text)


def test_any_server_takes_names_of_any_script() -> None:
    to = ("Müller, Jörg <j.mueller@k.example>", "磁気共鳴 <mr@k.example>", "МРТ <mrt@k.example>")
    quoted = ('"Müller, Jörg" <j.mueller@k.example>', *to[1:])
    subject = "MRT № 2 · 磁気共鳴 3号機 🧲 · " + "Größe " * 30
    content = written(envelope(subject, *quoted), "Ä" * 300, "<p>磁</p>")
    assert content.isascii(), "8BITMIME and SMTPUTF8 are not needed"
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")
    message = parsed(content)
    names = [one.display_name for one in message["To"].addresses]
    assert names == ["Müller, Jörg", "磁気共鳴", "МРТ"]
    assert message["Subject"] == subject[:200].strip()
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "Ä" * 300


def test_a_long_domain_does_not_break_an_identifier() -> None:
    sender = mailbox(f"mr@{'a' * 60}.{'b' * 60}.{'c' * 60}.example")
    message = parsed(written(envelope(sender=sender, list_id="l" * 60)))
    assert message["Message-ID"] == message_id(sender, "home", "chiefs", "2026-03-04")
    assert message["List-Id"] == f"<{'l' * 60}.protocol-assets.{sender.domain}>"


def test_many_recipients_are_folded() -> None:
    to = [f"somebody.number.{n}@hospital.example" for n in range(200)]
    content = written(envelope("MR", *to))
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert [one.addr_spec for one in parsed(content)["To"].addresses] == to


@given(st.text(max_size=300), st.text(max_size=300))
def test_texts_arrive_as_they_were(subject: str, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    subject = subject.encode("utf-8", "replace").decode()
    content = text_message(envelope(subject), text)
    assert content.isascii()
    message = parsed(content)
    assert set(message.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "List-Id",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    }
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    assert message.get_content().replace("\r\n", "\n").rstrip("\n") == expected.rstrip("\n")


@given(st.text(max_size=60))
def test_a_name_that_is_taken_arrives_as_it_was(name: str) -> None:
    try:
        sender = mailbox(f"{name} <mr@hospital.example>")
    except ValueError:
        return
    assert sender.addr_spec == "mr@hospital.example"
    message = parsed(text_message(envelope(sender=sender), "Text"))
    assert message["From"].addresses[0].addr_spec == "mr@hospital.example"
    assert len(message["From"].addresses) == 1

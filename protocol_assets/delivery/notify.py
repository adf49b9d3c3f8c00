"""Alerts on their way: as mail to the addresses of an audience, and to the webhook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from email.headerregistry import Address
from functools import partial
from typing import Final

from protocol_assets.delivery.alerts import one_message
from protocol_assets.delivery.errors import DeliveryError
from protocol_assets.delivery.message import Envelope, message_id, text_message
from protocol_assets.delivery.outbox import Channels, Send
from protocol_assets.delivery.outlets import Outlets
from protocol_assets.delivery.smtp import MailServer, hand_over
from protocol_assets.delivery.webhook import Webhook, post

__all__ = ["channels"]

_LIST: Final = "alerts"


def channels(outlets: Outlets, to: Sequence[Address]) -> Channels:
    """The channels of some people; none where there is no way to them.

    Args:
        outlets: Ways out.
        to: Their addresses.
    """
    ways: dict[str, Send] = {}
    if to and outlets.sender is not None and outlets.server is not None:
        ways["mail"] = partial(_mail, outlets.server, outlets.sender, to)
    if outlets.webhook is not None:
        ways["webhook"] = partial(_post, outlets.webhook)
    return ways


def _mail(
    server: Callable[[], MailServer], sender: Address, to: Sequence[Address], lines: Sequence[str]
) -> None:
    now = dt.datetime.now(dt.UTC)
    subject, text = one_message(lines)
    envelope = Envelope(
        sender=sender,
        to=to,
        subject=subject,
        at=now,
        message_id=message_id(sender, _LIST, now.isoformat(), *lines),
        list_id=_LIST,
    )
    addresses = [one.addr_spec for one in to]
    message = text_message(envelope, text)
    done = hand_over(server(), sender.addr_spec, addresses, message, commit=lambda _: None)
    if not done.accepted:
        raise DeliveryError("addresses", "the mail server takes none of the addresses now")


def _post(webhook: Callable[[], Webhook], lines: Sequence[str]) -> None:
    _, text = one_message(lines)
    post(webhook(), text.rstrip("\n"))

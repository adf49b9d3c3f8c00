"""The ways out of a deployment, and who gets which report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address

from protocol_assets.delivery.smtp import MailServer
from protocol_assets.delivery.webhook import Webhook
from protocol_assets.figures.scope import Scope

__all__ = ["MailingList", "Outlets"]


@dataclass(frozen=True, slots=True)
class MailingList:
    """Who gets which report.

    Attributes:
        name: Its name; also in the List-Id.
        to: Addresses.
        scope: The scanners it is about.
        modalities: Empty for all.
        language: BCP 47 tag.
    """

    name: str
    to: tuple[Address, ...]
    scope: Scope
    modalities: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Outlets:
    """Ways out of a deployment.

    Attributes:
        sender: Who mail is from; None where there is no mail.
        server: The mail server with its login; may raise a ``Fault`` where a secret is missing.
        webhook: The webhook; likewise. None where there is none.
        lists: Who gets the report.
    """

    sender: Address | None = None
    server: Callable[[], MailServer] | None = None
    webhook: Callable[[], Webhook] | None = None
    lists: tuple[MailingList, ...] = ()

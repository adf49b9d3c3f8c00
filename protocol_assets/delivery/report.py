"""The report of a day to the lists and the webhook: to each address once, however often it runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from functools import cache, partial
from typing import Final, Literal

from protocol_assets.delivery.errors import DeliveryError
from protocol_assets.delivery.ledger import Deliveries, newest_delivery, open_deliveries
from protocol_assets.delivery.message import Attachment, Envelope, message_id, report_message
from protocol_assets.delivery.outlets import MailingList, Outlets
from protocol_assets.delivery.smtp import hand_over
from protocol_assets.delivery.webhook import Webhook, post
from protocol_assets.faults import Fault, safe_message
from protocol_assets.figures.published import published_figures
from protocol_assets.figures.scope import Scope
from protocol_assets.lake.zones import Lake
from protocol_assets.modalities.registry import MODALITIES
from protocol_assets.reports.mail import MailBody, render_mail
from protocol_assets.reports.pdf import render_pdf

__all__ = ["Edition", "Outcome", "Reports", "editions", "send_report"]

_WEBHOOK: Final = "webhook"

State = Literal["sent", "sent before", "not for it", "failed", "unknown", "refused"]


@dataclass(frozen=True, slots=True)
class Edition:
    """The report of one scope in one language.

    Attributes:
        day: The reported day, None where no day has all its partitions.
        has_scanners: Whether anything is published of the scope's scanners.
        body: Composes the first page.
        pdf: Composes the PDF.
    """

    day: dt.date | None
    has_scanners: bool
    body: Callable[[], MailBody]
    pdf: Callable[[], bytes]


Reports = Callable[[Scope, str], Edition]
"""The edition of a scope in a language."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the report for one list, or for the webhook.

    Attributes:
        name: The list.
        state: In a word.
        addresses: How many got it now.
        reason: Why not; identifies nobody.
        is_passing: Whether it may well work in a minute.
    """

    name: str
    state: State
    addresses: int = 0
    reason: str = ""
    is_passing: bool = False


def editions(lake: Lake, pacs: Sequence[str], *, is_demo: bool) -> Reports:
    """The editions of the published marts; each is made once, and only when it is asked for."""

    @cache
    def edition(scope: Scope, language: str) -> Edition:
        shown = published_figures(lake, pacs, scope)
        return Edition(
            day=shown.day,
            has_scanners=bool(shown.scanners),
            body=cache(lambda: render_mail(shown, language=language, is_demo=is_demo)),
            pdf=cache(lambda: render_pdf(shown, language=language, is_demo=is_demo)),
        )

    return edition


def send_report(
    lake: Lake, outlets: Outlets, reports: Reports, language: str, now: dt.datetime
) -> Iterator[Outcome]:
    """Send the report to each list, and tell the webhook that it is there.

    Args:
        lake: The lake; its ledger is kept.
        outlets: Ways out.
        reports: What is sent.
        language: Of the webhook's line.
        now: When, with its zone.
    """
    for one in outlets.lists:
        yield _guarded(one.name, partial(_to_list, lake, outlets, reports, one, now))
    if outlets.webhook is not None:
        yield _guarded(_WEBHOOK, partial(_to_webhook, lake, outlets.webhook, reports, language))


def _guarded(name: str, deliver: Callable[[], Outcome]) -> Outcome:
    try:
        return deliver()
    except DeliveryError as error:
        state: State = "unknown" if error.is_unknown else "failed"
        return Outcome(name, state, reason=str(error), is_passing=error.is_passing)
    except Exception as error:
        # One list must not keep the report from the others.
        return Outcome(name, "failed", reason=safe_message(error))


def _to_list(
    lake: Lake, outlets: Outlets, reports: Reports, one: MailingList, now: dt.datetime
) -> Outcome:
    codes = [known.code for known in MODALITIES]
    if one.modalities and set(codes).isdisjoint(one.modalities):
        reason = f"there are figures of {' and '.join(codes)} alone"
        return Outcome(one.name, "not for it", reason=reason)
    edition = reports(one.scope, one.language)
    if edition.day is None:
        return Outcome(one.name, "not for it", reason="no day has all its partitions yet")
    if one.scope != Scope() and not edition.has_scanners:
        reason = "nothing is published of its scanners; compare sites and scanners with the report"
        return Outcome(one.name, "not for it", reason=reason)
    newest = newest_delivery(lake, one.name)
    if newest is not None and newest > edition.day:
        return Outcome(one.name, "sent before", reason=f"it has the report of {newest}")
    with open_deliveries(lake, one.name, edition.day) as deliveries:
        return _to_those_left(lake, outlets, edition, one, deliveries, now)


def _to_those_left(
    lake: Lake,
    outlets: Outlets,
    edition: Edition,
    one: MailingList,
    deliveries: Deliveries,
    now: dt.datetime,
) -> Outcome:
    addresses = [address.addr_spec for address in one.to]
    left = deliveries.untold(addresses)
    postponed = 0
    if left:
        if outlets.server is None or outlets.sender is None or edition.day is None:
            raise Fault("there is no mail server; write the table [mail]")
        message = _message(lake, outlets.sender, edition, edition.day, one, now)
        try:
            done = hand_over(
                outlets.server(),
                outlets.sender.addr_spec,
                left,
                message,
                commit=lambda those: deliveries.mark(those, "claimed"),
            )
        except DeliveryError as error:
            if not error.is_unknown:
                deliveries.mark(deliveries.having("claimed", left), None)
            raise
        deliveries.mark(done.accepted, "sent")
        deliveries.mark(done.refused, "refused")
        postponed = len(done.postponed)
    return _outcome(one.name, deliveries, addresses, left, postponed)


def _outcome(
    name: str, deliveries: Deliveries, addresses: list[str], left: list[str], postponed: int
) -> Outcome:
    new = len(deliveries.having("sent", left))
    unknown = len(deliveries.having("claimed", addresses))
    refused = len(deliveries.having("refused", addresses))
    if postponed:
        reason = f"{_of(postponed, addresses)} cannot be served now; tried again"
        return Outcome(name, "failed", new, reason, is_passing=True)
    if unknown:
        reason = (
            f"an earlier run broke off as it handed the mail over for {_of(unknown, addresses)}; "
            "it is not sent again"
        )
        return Outcome(name, "unknown", new, reason)
    if refused:
        reason = f"the server does not know {_of(refused, addresses)}; correct the list"
        return Outcome(name, "refused", new, reason)
    return Outcome(name, "sent" if new else "sent before", new)


def _of(number: int, addresses: Sequence[str]) -> str:
    return f"{number} of {len(addresses)} {'address' if len(addresses) == 1 else 'addresses'}"


def _message(
    lake: Lake, sender: Address, edition: Edition, day: dt.date, one: MailingList, now: dt.datetime
) -> bytes:
    body = edition.body()
    return report_message(
        Envelope(
            sender=sender,
            to=one.to,
            subject=body.subject,
            at=now,
            message_id=message_id(sender, str(lake.home), "report", one.name, day.isoformat()),
            list_id=one.name,
        ),
        text=body.text,
        html=body.html,
        images=body.images,
        pdf=Attachment(f"mr-protocols_{one.name}_{day.isoformat()}.pdf", edition.pdf()),
    )


def _to_webhook(
    lake: Lake, webhook: Callable[[], Webhook], reports: Reports, language: str
) -> Outcome:
    edition = reports(Scope(), language)
    if edition.day is None:
        return Outcome(_WEBHOOK, "not for it", reason="no day has all its partitions yet")
    newest = newest_delivery(lake, _WEBHOOK)
    if newest is not None and newest > edition.day:
        return Outcome(_WEBHOOK, "sent before", reason=f"it has the report of {newest}")
    with open_deliveries(lake, _WEBHOOK, edition.day) as deliveries:
        it = (_WEBHOOK,)
        if deliveries.having("claimed", it):
            return Outcome(_WEBHOOK, "unknown", reason="an earlier run broke off while it posted")
        if not deliveries.untold(it):
            return Outcome(_WEBHOOK, "sent before")
        try:
            post(webhook(), edition.body().subject, commit=lambda: deliveries.mark(it, "claimed"))
        except DeliveryError as error:
            if not error.is_unknown:
                deliveries.mark(it, None)
            raise
        deliveries.mark(it, "sent")
    return Outcome(_WEBHOOK, "sent", 1)

"""Builds the mail server, mailing lists and webhook from their settings and secrets."""

from __future__ import annotations

from collections.abc import Mapping

from protocol_assets.delivery.outlets import MailingList, Outlets
from protocol_assets.delivery.smtp import MailServer
from protocol_assets.delivery.webhook import Webhook
from protocol_assets.figures.scope import Scope
from protocol_assets.settings import ConfigurationError, Settings
from protocol_assets.settings.addresses import mailbox
from protocol_assets.settings.delivery import MailSettings, WebhookSettings
from protocol_assets.settings.values import secret

__all__ = ["outlets_of"]


def outlets_of(settings: Settings, environment: Mapping[str, str]) -> Outlets:
    """Mail with its lists, and the webhook; secrets are read when they are used.

    Args:
        settings: The deployment's settings.
        environment: The variables with the secrets.
    """
    mail, webhook = settings.mail, settings.webhook
    return Outlets(
        sender=mailbox(mail.sender) if mail else None,
        server=(lambda: _server(mail, environment)) if mail else None,
        webhook=(lambda: _webhook(webhook, environment)) if webhook else None,
        lists=_mailing_lists(mail, settings.language) if mail else (),
    )


def _mailing_lists(mail: MailSettings, language: str) -> tuple[MailingList, ...]:
    """The mailing lists; one without a language gets that of the deployment."""
    return tuple(
        MailingList(
            name=one.name,
            to=tuple(map(mailbox, one.to)),
            scope=Scope(sites=one.sites, scanners=one.scanners),
            modalities=one.modalities,
            language=one.language or language,
        )
        for one in mail.lists
    )


def _server(mail: MailSettings, environment: Mapping[str, str]) -> MailServer:
    def credential(variable: str | None) -> str | None:
        if variable is None:
            return None
        what = "the credential the mail server expects"
        return secret(environment, variable, whose="mail", what=what)

    return MailServer(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        username=credential(mail.username_env),
        password=credential(mail.password_env),
        ca_file=mail.ca_file,
    )


def _webhook(webhook: WebhookSettings, environment: Mapping[str, str]) -> Webhook:
    url = secret(environment, webhook.url_env, whose="webhook", what="the URL of the webhook")
    problem = ""
    try:
        return Webhook(url, webhook.ca_file)
    except ValueError as error:
        problem = str(error)
    raise ConfigurationError(f"{problem}; look at the environment variable {webhook.url_env}")

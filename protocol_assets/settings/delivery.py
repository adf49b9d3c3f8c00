"""The tables ``[mail]``, ``[webhook]`` and ``[alerts]``: who is told what, and which way."""

from __future__ import annotations

from collections.abc import Mapping
from email.headerregistry import Address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from protocol_assets.delivery.message import mailbox
from protocol_assets.delivery.outlets import MailingList
from protocol_assets.delivery.smtp import MailServer, Security
from protocol_assets.delivery.webhook import Webhook
from protocol_assets.reports.scope import Scope
from protocol_assets.settings.values import ConfigurationError, Language, Name, Strict, secret

__all__ = ["AlertSettings", "ListSettings", "MailSettings", "WebhookSettings"]


def _mailbox(text: str) -> str:
    mailbox(text)
    return text


def _modality(text: str) -> str:
    if not (text.isascii() and text.isalnum() and text.isupper()):
        raise ValueError("write a modality as DICOM does, such as MR")
    return text


MailboxText = Annotated[str, AfterValidator(_mailbox)]
Modality = Annotated[str, AfterValidator(_modality)]


class ListSettings(Strict):
    """One list of recipients: who gets the report of which scanners."""

    name: Name
    to: tuple[MailboxText, ...] = Field(min_length=1)
    sites: tuple[str, ...] = ()
    scanners: tuple[str, ...] = ()
    modalities: tuple[Modality, ...] = ()
    language: Language | None = None


class MailSettings(Strict):
    """The mail server, and who gets the report.

    There is no way to send unencrypted, and none to leave a certificate unverified.
    """

    host: str = Field(min_length=1)
    port: int = Field(587, ge=1, le=65535)
    security: Security = "starttls"
    sender: MailboxText
    username_env: str | None = None
    password_env: str | None = None
    ca_file: Path | None = None
    lists: tuple[ListSettings, ...] = ()

    @field_validator("lists")
    @classmethod
    def _names_are_unique(cls, lists: tuple[ListSettings, ...]) -> tuple[ListSettings, ...]:
        names = [one.name for one in lists]
        if len(set(names)) < len(names):
            raise ValueError("two lists have the same name; each needs its own")
        if "webhook" in names:
            raise ValueError("webhook is the webhook's own name; call the list otherwise")
        return lists

    @model_validator(mode="after")
    def _login_is_whole(self) -> MailSettings:
        if (self.username_env is None) != (self.password_env is None):
            raise ValueError("username_env and password_env go together")
        return self

    @property
    def address(self) -> Address:
        """Who mail is from."""
        return mailbox(self.sender)

    def mailing_lists(self, language: str) -> tuple[MailingList, ...]:
        """The lists; those without a language of their own get the deployment's."""
        return tuple(
            MailingList(
                name=one.name,
                to=tuple(map(mailbox, one.to)),
                scope=Scope(sites=one.sites, scanners=one.scanners),
                modalities=one.modalities,
                language=one.language or language,
            )
            for one in self.lists
        )

    def server(self, environment: Mapping[str, str]) -> MailServer:
        """The mail server with its login.

        Raises:
            ConfigurationError: A named variable is not set.
        """

        def credential(variable: str | None) -> str | None:
            if variable is None:
                return None
            what = "the credential the mail server expects"
            return secret(environment, variable, whose="mail", what=what)

        return MailServer(
            host=self.host,
            port=self.port,
            security=self.security,
            username=credential(self.username_env),
            password=credential(self.password_env),
            ca_file=self.ca_file,
        )


class WebhookSettings(Strict):
    """The webhook. Its URL holds its token, so that it is a secret like a password."""

    url_env: str
    ca_file: Path | None = None

    def webhook(self, environment: Mapping[str, str]) -> Webhook:
        """The webhook with its URL.

        Raises:
            ConfigurationError: The variable is not set, or is no HTTPS URL.
        """
        url = secret(environment, self.url_env, whose="webhook", what="the URL that it is given")
        problem = ""
        try:
            return Webhook(url, self.ca_file)
        except ValueError as error:
            problem = str(error)
        raise ConfigurationError(f"{problem}; look at the environment variable {self.url_env}")


class AlertSettings(Strict):
    """Who is told at once: of runs and partitions, and of scanners."""

    engineers: tuple[MailboxText, ...] = ()
    physicists: tuple[MailboxText, ...] = ()

"""The tables ``[mail]``, ``[webhook]`` and ``[alerts]``: who is told what, and which way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from protocol_assets.settings.addresses import mailbox
from protocol_assets.settings.values import Language, Name, Strict

__all__ = ["AlertSettings", "ListSettings", "MailSettings", "Security", "WebhookSettings"]


def _mailbox(text: str) -> str:
    mailbox(text)
    return text


def _modality(text: str) -> str:
    if not (text.isascii() and text.isalnum() and text.isupper()):
        raise ValueError("write a modality as DICOM does, such as MR")
    return text


MailboxText = Annotated[str, AfterValidator(_mailbox)]
Modality = Annotated[str, AfterValidator(_modality)]
Security = Literal["starttls", "tls"]


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


class WebhookSettings(Strict):
    """The webhook. Its URL holds its token, so that it is a secret like a password."""

    url_env: str
    ca_file: Path | None = None


class AlertSettings(Strict):
    """Who is told at once: of runs and partitions, and of scanners."""

    engineers: tuple[MailboxText, ...] = ()
    physicists: tuple[MailboxText, ...] = ()

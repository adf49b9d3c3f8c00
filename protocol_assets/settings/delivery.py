"""The tables ``[mail]``, ``[webhook]`` and ``[alerts]``: who receives what, over which channel."""

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
        raise ValueError("write the modality as in DICOM, such as MR")
    return text


MailboxText = Annotated[str, AfterValidator(_mailbox)]
Modality = Annotated[str, AfterValidator(_modality)]
Security = Literal["starttls", "tls"]


class ListSettings(Strict):
    """One list of recipients, and the scanners whose report they receive."""

    name: Name
    to: tuple[MailboxText, ...] = Field(min_length=1)
    sites: tuple[str, ...] = ()
    scanners: tuple[str, ...] = ()
    modalities: tuple[Modality, ...] = ()
    language: Language | None = None


class MailSettings(Strict):
    """The mail server and the recipients of the report.

    Mail is always sent encrypted, and certificates are always verified.
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
            raise ValueError("two lists have the same name; rename one of them")
        if "webhook" in names:
            raise ValueError("the name webhook is reserved; give the list another name")
        return lists

    @model_validator(mode="after")
    def _login_is_whole(self) -> MailSettings:
        if (self.username_env is None) != (self.password_env is None):
            raise ValueError("set both username_env and password_env, or neither")
        return self


class WebhookSettings(Strict):
    """The webhook. Its URL contains its token, so it is a secret like a password."""

    url_env: str
    ca_file: Path | None = None


class AlertSettings(Strict):
    """The recipients of alerts: about runs and partitions, and about scanners."""

    engineers: tuple[MailboxText, ...] = ()
    physicists: tuple[MailboxText, ...] = ()

"""The table ``[[pacs]]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from protocol_assets.data import read_table
from protocol_assets.settings.hours import Hours
from protocol_assets.settings.values import Name, Strict, TimeZone

__all__ = ["MAX_WAIT_S", "PacsSettings"]

MAX_WAIT_S: Final = 900.0
"""The longest wait that a PACS may ask for, unless the configuration says otherwise."""


def _hours(text: str) -> str:
    return str(Hours.parse(text))


def _product(text: str) -> str:
    products = {row["product"] for row in read_table("pacs_profiles.csv")}
    if text not in products:
        known = ", ".join(sorted(products))
        raise ValueError(f"is no known product; known are {known}")
    return text


HoursText = Annotated[str, AfterValidator(_hours)]


class PacsSettings(Strict):
    """One PACS: where it answers, the names of its credentials, and how it wants to be asked.

    A credential stands in the environment variable that is named, or in the file that the variable
    of that name with ``_FILE`` appended names (a Docker or Kubernetes secret). Never in the TOML.
    """

    name: Name
    url: str
    modalities: tuple[str, ...] = ("MR",)
    timezone: TimeZone | None = None
    profile: Annotated[str, AfterValidator(_product)] | None = None
    username_env: str | None = None
    password_env: str | None = None
    token_env: str | None = None
    oauth_token_url: str | None = None
    oauth_client_id_env: str | None = None
    oauth_client_secret_env: str | None = None
    oauth_scope: str = ""
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    workers: int = Field(2, ge=1, le=4)
    requests_per_second: float = Field(20.0, gt=0, le=1000)
    hours: tuple[HoursText, ...] = ()
    maintenance: tuple[HoursText, ...] = ()
    wake_nearline: bool = False
    recheck_days: float = Field(7.0, ge=0)
    max_wait_s: float = Field(MAX_WAIT_S, gt=0, le=86_400)
    page_size: int | None = Field(None, ge=1, le=5000)
    request_timeout_s: float = Field(60.0, gt=0)
    deadline_s: float = Field(300.0, gt=0)
    max_body_mb: float = Field(64.0, gt=0)

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> PacsSettings:
        if (self.username_env is None) != (self.password_env is None):
            raise ValueError("username_env and password_env go together")
        oauth = (self.oauth_token_url, self.oauth_client_id_env, self.oauth_client_secret_env)
        if any(one is None for one in oauth) and any(one is not None for one in oauth):
            raise ValueError(
                "oauth_token_url, oauth_client_id_env and oauth_client_secret_env go together"
            )
        ways = (self.token_env, self.username_env, self.oauth_token_url)
        if sum(one is not None for one in ways) > 1:
            raise ValueError(
                "give one of token_env, username_env and password_env, or oauth_token_url"
            )
        return self

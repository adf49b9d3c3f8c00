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
"""The longest wait that a PACS may request, unless the configuration sets another one."""


def _hours(text: str) -> str:
    return str(Hours.parse(text))


def _product(text: str) -> str:
    products = {row["product"] for row in read_table("pacs_profiles.csv")}
    if text not in products:
        known = ", ".join(sorted(products))
        raise ValueError(f"unknown product; choose one of {known}")
    return text


HoursText = Annotated[str, AfterValidator(_hours)]


class PacsSettings(Strict):
    """One PACS: its address, the names of its credentials, and its limits.

    A credential is never in the TOML. It is in the environment variable that the setting names, or
    in a file whose path is in the variable with ``_FILE`` appended (a Docker or Kubernetes secret).
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
            raise ValueError("set both username_env and password_env, or neither")
        oauth = (self.oauth_token_url, self.oauth_client_id_env, self.oauth_client_secret_env)
        if any(one is None for one in oauth) and any(one is not None for one in oauth):
            raise ValueError(
                "set all of oauth_token_url, oauth_client_id_env and oauth_client_secret_env, "
                "or none of them"
            )
        ways = (self.token_env, self.username_env, self.oauth_token_url)
        if sum(one is not None for one in ways) > 1:
            raise ValueError(
                "use only one way to log in: token_env, username_env with password_env, or "
                "oauth_token_url"
            )
        return self

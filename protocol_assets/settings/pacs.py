"""The table ``[[pacs]]``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from protocol_assets.settings.values import ConfigurationError, Name, Strict, TimeZone, secret
from protocol_assets.sources.dicomweb.endpoint import ClientGrant, Endpoint
from protocol_assets.sources.dicomweb.profile import SiteProfile, product_profiles
from protocol_assets.sources.rate_limit.hours import Hours
from protocol_assets.sources.rate_limit.pacing import MAX_WAIT_S, RateLimits

__all__ = ["PacsSettings"]


def _hours(text: str) -> str:
    return str(Hours.parse(text))


def _product(text: str) -> str:
    if text not in product_profiles():
        known = ", ".join(sorted(product_profiles()))
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

    @property
    def rate_limits(self) -> RateLimits:
        """How it wants to be asked."""
        return RateLimits(
            requests_per_second=self.requests_per_second,
            hours=tuple(map(Hours.parse, self.hours)),
            maintenance=tuple(map(Hours.parse, self.maintenance)),
            timezone=self.timezone or "UTC",
            wake_nearline=self.wake_nearline,
            recheck_days=self.recheck_days,
            max_wait_s=self.max_wait_s,
        )

    def endpoint(
        self, environment: Mapping[str, str], measured: SiteProfile | None = None
    ) -> Endpoint:
        """The endpoint with its credentials.

        Args:
            environment: Holds the credentials.
            measured: What the probe found; it stands above the product's profile.

        Raises:
            ConfigurationError: A named variable is not set, or the URL cannot be used.
        """

        def credential(variable: str | None) -> str | None:
            if variable is None:
                return None
            what = "the credential the PACS expects"
            return secret(environment, variable, whose=f"PACS {self.name}", what=what)

        token = credential(self.token_env)
        options = {
            name: getattr(self, name)
            for name in (
                *("name", "url", "modalities", "ca_file", "client_cert_file", "client_key_file"),
                *("workers", "page_size", "request_timeout_s", "deadline_s", "max_body_mb"),
            )
        }
        problem = ""
        try:
            return Endpoint(
                **options,
                username=credential(self.username_env),
                password=credential(self.password_env),
                token=token,
                read_token=lambda: credential(self.token_env) or "",
                oauth=None
                if self.oauth_token_url is None
                else ClientGrant(
                    self.oauth_token_url,
                    credential(self.oauth_client_id_env) or "",
                    credential(self.oauth_client_secret_env) or "",
                    self.oauth_scope,
                ),
                rate_limits=self.rate_limits,
                profile=measured or product_profiles()[self.profile or "unknown"],
            )
        except ValueError as error:
            problem = str(error)
        raise ConfigurationError(problem)

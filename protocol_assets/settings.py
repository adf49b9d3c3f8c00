"""The typed configuration: one TOML file, secrets from the environment, plain errors."""

from __future__ import annotations

import datetime as dt
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from protocol_assets.cells.courtesy import SharedCourtesy
from protocol_assets.cells.profiles import read_profile
from protocol_assets.deidentify.keys import (
    DEMO_KEY,
    KEY_VARIABLE,
    PATIENT_KEY_VARIABLE,
    KeyRefusedError,
    Pseudonyms,
)
from protocol_assets.faults import Fault
from protocol_assets.lake.key_record import recorded_key_id
from protocol_assets.lake.zones import Lake
from protocol_assets.pacs.courtesy import Manners
from protocol_assets.pacs.endpoint import ClientGrant, Endpoint, is_on_loopback
from protocol_assets.pacs.hours import Hours
from protocol_assets.pacs.profile import SiteProfile, product_profiles

__all__ = ["CONFIG_VARIABLE", "HOME_VARIABLE", "ConfigurationError", "PacsSettings", "Settings"]

CONFIG_VARIABLE: Final = "PROTOCOL_ASSETS_CONFIG"
HOME_VARIABLE: Final = "PROTOCOL_ASSETS_HOME"
_FILE: Final = "protocol_assets.toml"
_NAME: Final = re.compile(r"[a-z0-9_-]+")


class ConfigurationError(Fault):
    """The configuration cannot be used; one line that says what to do."""


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("use lower-case letters, digits, '_' and '-' only")
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("is no time zone; write one such as Europe/Berlin") from None
    return text


def _hours(text: str) -> str:
    return str(Hours.parse(text))


def _product(text: str) -> str:
    if text not in product_profiles():
        known = ", ".join(sorted(product_profiles()))
        raise ValueError(f"is no known product; known are {known}")
    return text


TimeZone = Annotated[str, AfterValidator(_zone)]
HoursText = Annotated[str, AfterValidator(_hours)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PacsSettings(_Strict):
    """One PACS: where it answers, the names of its credentials, and how it wants to be asked.

    A credential stands in the environment variable that is named, or in the file that the variable
    of that name with ``_FILE`` appended names (a Docker or Kubernetes secret). Never in the TOML.
    """

    name: Annotated[str, AfterValidator(_name)]
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
    def manners(self) -> Manners:
        """How it wants to be asked."""
        return Manners(
            requests_per_second=self.requests_per_second,
            hours=tuple(map(Hours.parse, self.hours)),
            maintenance=tuple(map(Hours.parse, self.maintenance)),
            timezone=self.timezone or "UTC",
            wake_nearline=self.wake_nearline,
            recheck_days=self.recheck_days,
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

        def secret(variable: str | None) -> str | None:
            return None if variable is None else self._secret(environment, variable)

        token = secret(self.token_env)
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
                username=secret(self.username_env),
                password=secret(self.password_env),
                token=token,
                read_token=lambda: secret(self.token_env) or "",
                oauth=None
                if self.oauth_token_url is None
                else ClientGrant(
                    self.oauth_token_url,
                    secret(self.oauth_client_id_env) or "",
                    secret(self.oauth_client_secret_env) or "",
                    self.oauth_scope,
                ),
                manners=self.manners,
                profile=measured or product_profiles()[self.profile or "unknown"],
            )
        except ValueError as error:
            problem = str(error)
        raise ConfigurationError(problem)

    def _secret(self, environment: Mapping[str, str], variable: str) -> str:
        """A credential from the environment, or from the file that the environment names.

        Raises:
            ConfigurationError: Neither is there.
        """
        path = environment.get(f"{variable}_FILE")
        text = environment.get(variable, "")
        if not text and path:
            try:
                text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError):
                text = ""
        if text:
            return text
        where = f"the file that {variable}_FILE names cannot be read or is empty; "
        raise ConfigurationError(
            f"PACS {self.name}: "
            + (where if path else f"the environment variable {variable} is not set; ")
            + "set it to the credential the PACS expects"
        )


class RetentionSettings(_Strict):
    """How long each zone is kept, in days; see ``protocol_assets.cells.purging.Retention``."""

    raw_days: int = Field(30, ge=1)
    series_days: int = Field(400, ge=1)
    facts_days: int = Field(3650, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> RetentionSettings:
        if not self.raw_days <= self.series_days <= self.facts_days:
            raise ValueError("raw_days, series_days and facts_days must not fall in this order")
        return self


class Settings(_Strict):
    """What ``protocol_assets.toml`` says."""

    home: Path
    timezone: TimeZone = "UTC"
    start_date: dt.date
    end_date: dt.date | None = None
    lookback_days: int = Field(7, ge=1, le=365)
    completeness_threshold: float = Field(0.95, ge=0, le=1)
    retention: RetentionSettings = RetentionSettings()
    pacs: tuple[PacsSettings, ...] = Field(min_length=1)

    @field_validator("pacs")
    @classmethod
    def _names_are_unique(cls, pacs: tuple[PacsSettings, ...]) -> tuple[PacsSettings, ...]:
        names = [one.name for one in pacs]
        if len(set(names)) < len(names):
            raise ValueError("two PACS have the same name; each needs its own")
        if len({name.replace("-", "_") for name in names}) < len(names):
            raise ValueError("two PACS differ only in '-' and '_'; rename one of them")
        return pacs

    @field_validator("pacs")
    @classmethod
    def _in_the_same_zone(
        cls, pacs: tuple[PacsSettings, ...], info: ValidationInfo
    ) -> tuple[PacsSettings, ...]:
        zone = info.data.get("timezone", "UTC")
        return tuple(
            one if one.timezone else one.model_copy(update={"timezone": zone}) for one in pacs
        )

    @model_validator(mode="after")
    def _days_in_order(self) -> Settings:
        if self.end_date is not None and self.end_date < self.start_date:
            raise ValueError("end_date lies before start_date")
        return self

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Settings from the file that the environment names, else from the working directory.

        Raises:
            ConfigurationError: The file is missing or wrong; one line that names the value.
        """
        environment = os.environ if environment is None else environment
        path = Path(environment.get(CONFIG_VARIABLE) or _FILE)
        if not path.is_file():
            raise ConfigurationError(
                f"no configuration at {path}; copy protocol_assets.example.toml to {_FILE} "
                f"and edit it, or set {CONFIG_VARIABLE}"
            )
        problem = ""
        content: dict[str, object] = {}
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problem = f"is no TOML: {error}"
        if not problem:
            home = environment.get(HOME_VARIABLE) or content.get("home")
            if isinstance(home, str):
                # Relative homes belong to the file, not to whoever calls.
                content["home"] = path.resolve().parent / Path(home).expanduser()
            try:
                return cls.model_validate(content)
            except ValidationError as error:
                problem = "; ".join(_problem(detail) for detail in error.errors())
        raise ConfigurationError(f"{path.name}: {problem}")

    @property
    def zone(self) -> ZoneInfo:
        """The deployment's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def lake(self) -> Lake:
        """The lake under ``home``."""
        return Lake(self.home)

    @property
    def is_demo(self) -> bool:
        """Whether this is a demo: its home carries the marker and every PACS is on loopback."""
        return self.lake.demo_marker.is_file() and all(is_on_loopback(one.url) for one in self.pacs)

    def pacs_named(self, name: str) -> PacsSettings:
        """One PACS by name.

        Raises:
            ConfigurationError: No PACS has that name.
        """
        for one in self.pacs:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.pacs)
        raise ConfigurationError(f"no PACS is named {name!r}; the configuration has: {known}")

    def endpoint(self, name: str, environment: Mapping[str, str] | None = None) -> Endpoint:
        """The endpoint of one PACS with its credentials and what the probe measured.

        Raises:
            ConfigurationError: No PACS has that name, or its settings cannot be used.
        """
        environment = os.environ if environment is None else environment
        return self.pacs_named(name).endpoint(environment, read_profile(self.lake, name))

    def courtesy(self, name: str) -> SharedCourtesy:
        """The courtesy towards one PACS; see ``SharedCourtesy``.

        Raises:
            ConfigurationError: No PACS has that name.
        """
        one = self.pacs_named(name)
        return SharedCourtesy(self.lake, name, one.manners, one.workers)

    def pseudonyms(self, environment: Mapping[str, str] | None = None) -> Pseudonyms:
        """The keyed pseudonyms, of the key that the lake's were made with.

        Raises:
            ConfigurationError: The key is missing, refused, or another one.
        """
        pseudonyms = self.keyed(environment)
        recorded = recorded_key_id(self.lake)
        if recorded not in (None, pseudonyms.key_id):
            raise ConfigurationError(
                f"the key is {pseudonyms.key_id}, the lake's pseudonyms were made with {recorded}; "
                "set that key again, or change over with protocol-assets rekey"
            )
        return pseudonyms

    def keyed(
        self, environment: Mapping[str, str] | None = None, *, suffix: str = ""
    ) -> Pseudonyms:
        """The pseudonyms of the key in the environment; a demo without a key uses the demo's.

        Args:
            environment: Holds the secrets.
            suffix: Of the variables' names: ``_OLD`` for the key that is left.

        Raises:
            ConfigurationError: The key is missing or refused.
        """
        environment = os.environ if environment is None else environment
        secret = environment.get(KEY_VARIABLE + suffix)
        if not secret and not suffix and self.is_demo:
            secret = DEMO_KEY
        patient_secret = environment.get(PATIENT_KEY_VARIABLE + suffix)
        problem = ""
        try:
            return Pseudonyms.from_secret(secret, demo=self.is_demo, patient_secret=patient_secret)
        except KeyRefusedError as error:
            problem = str(error)
        raise ConfigurationError(problem)


def _problem(detail: ErrorDetails) -> str:
    where = ".".join(str(part) for part in detail["loc"]) or "configuration"
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}"

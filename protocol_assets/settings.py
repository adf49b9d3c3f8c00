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
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from protocol_assets.deidentify.keys import (
    DEMO_KEY,
    KEY_VARIABLE,
    KeyRefusedError,
    Pseudonyms,
)
from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake
from protocol_assets.pacs.endpoint import Endpoint, is_on_loopback

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


TimeZone = Annotated[str, AfterValidator(_zone)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PacsSettings(_Strict):
    """One PACS: where it answers, and the names of the variables that hold its credentials."""

    name: Annotated[str, AfterValidator(_name)]
    url: str
    modalities: tuple[str, ...] = ("MR",)
    timezone: TimeZone | None = None
    username_env: str | None = None
    password_env: str | None = None
    token_env: str | None = None
    ca_file: Path | None = None
    workers: int = Field(2, ge=1, le=4)
    page_size: int = Field(100, ge=1, le=5000)
    request_timeout_s: float = Field(60.0, gt=0)
    deadline_s: float = Field(300.0, gt=0)
    max_body_mb: float = Field(64.0, gt=0)

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> PacsSettings:
        if (self.username_env is None) != (self.password_env is None):
            raise ValueError("username_env and password_env go together")
        if self.token_env is not None and self.username_env is not None:
            raise ValueError("give either token_env or username_env and password_env")
        return self

    def endpoint(self, environment: Mapping[str, str]) -> Endpoint:
        """The endpoint with its credentials.

        Raises:
            ConfigurationError: A named variable is not set, or the URL cannot be used.
        """

        def secret(variable: str | None) -> str | None:
            if variable is None:
                return None
            if not environment.get(variable):
                raise ConfigurationError(
                    f"PACS {self.name}: the environment variable {variable} is not set; "
                    "set it to the credential the PACS expects"
                )
            return environment[variable]

        username, password = secret(self.username_env), secret(self.password_env)
        token = secret(self.token_env)
        problem = ""
        try:
            return Endpoint(
                name=self.name,
                url=self.url,
                modalities=self.modalities,
                username=username,
                password=password,
                token=token,
                ca_file=self.ca_file,
                workers=self.workers,
                page_size=self.page_size,
                request_timeout_s=self.request_timeout_s,
                deadline_s=self.deadline_s,
                max_body_mb=self.max_body_mb,
            )
        except ValueError as error:
            problem = str(error)
        raise ConfigurationError(problem)


class Settings(_Strict):
    """What ``protocol_assets.toml`` says."""

    home: Path
    timezone: TimeZone = "UTC"
    start_date: dt.date
    end_date: dt.date | None = None
    lookback_days: int = Field(7, ge=1, le=365)
    pacs: tuple[PacsSettings, ...] = Field(min_length=1)

    @field_validator("pacs")
    @classmethod
    def _names_are_unique(cls, pacs: tuple[PacsSettings, ...]) -> tuple[PacsSettings, ...]:
        names = [one.name for one in pacs]
        if len(set(names)) < len(names):
            raise ValueError("two PACS have the same name; each needs its own")
        return pacs

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

    def pseudonyms(self, environment: Mapping[str, str] | None = None) -> Pseudonyms:
        """The keyed pseudonyms; a demo without a key uses the demo's.

        Raises:
            ConfigurationError: The key is missing or refused.
        """
        environment = os.environ if environment is None else environment
        secret = environment.get(KEY_VARIABLE) or (DEMO_KEY if self.is_demo else None)
        problem = ""
        try:
            return Pseudonyms.from_secret(secret, demo=self.is_demo)
        except KeyRefusedError as error:
            problem = str(error)
        raise ConfigurationError(problem)


def _problem(detail: ErrorDetails) -> str:
    where = ".".join(str(part) for part in detail["loc"]) or "configuration"
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}"

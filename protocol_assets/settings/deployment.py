"""The configuration of one deployment: one TOML file, with secrets from the environment."""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails

from protocol_assets.faults import explain_os_error
from protocol_assets.settings.delivery import AlertSettings, MailSettings, WebhookSettings
from protocol_assets.settings.pacs import PacsSettings
from protocol_assets.settings.values import ConfigurationError, Home, Language, Strict, TimeZone

__all__ = ["CONFIG_VARIABLE", "HOME_VARIABLE", "RetentionSettings", "Settings"]

CONFIG_VARIABLE: Final = "PROTOCOL_ASSETS_CONFIG"
HOME_VARIABLE: Final = "PROTOCOL_ASSETS_HOME"
_FILE: Final = "protocol_assets.toml"


class RetentionSettings(Strict):
    """How many days each kind of data is kept; see ``ingest.retention.purging.Retention``."""

    raw_days: int = Field(30, ge=1)
    series_days: int = Field(400, ge=1)
    facts_days: int = Field(3650, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> RetentionSettings:
        if not self.raw_days <= self.series_days <= self.facts_days:
            raise ValueError(
                "series_days must be at least raw_days, and facts_days at least series_days"
            )
        return self


class Settings(Strict):
    """The contents of ``protocol_assets.toml``."""

    home: Home
    timezone: TimeZone = "UTC"
    language: Language = "en"
    start_date: dt.date
    end_date: dt.date | None = None
    lookback_days: int = Field(7, ge=1, le=365)
    completeness_threshold: float = Field(0.95, ge=0, le=1)
    retention: RetentionSettings = RetentionSettings()
    mail: MailSettings | None = None
    webhook: WebhookSettings | None = None
    alerts: AlertSettings = AlertSettings()
    pacs: tuple[PacsSettings, ...] = Field(min_length=1)

    @field_validator("pacs")
    @classmethod
    def _names_are_unique(cls, pacs: tuple[PacsSettings, ...]) -> tuple[PacsSettings, ...]:
        names = [one.name for one in pacs]
        if len(set(names)) < len(names):
            raise ValueError("two PACS have the same name; rename one of them")
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
            raise ValueError("end_date is before start_date")
        return self

    @model_validator(mode="after")
    def _alerts_have_a_way(self) -> Settings:
        if self.mail is None and (self.alerts.engineers or self.alerts.physicists):
            raise ValueError("mail alerts need a mail server; add the table [mail]")
        return self

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the file that the environment names, or else the one in the working directory.

        Raises:
            ConfigurationError: The file is missing or wrong; the line names the setting.
        """
        environment = os.environ if environment is None else environment
        path = Path(environment.get(CONFIG_VARIABLE) or _FILE)
        problem = ""
        content: dict[str, object] = {}
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, IsADirectoryError):
            problem = "absent"
        except OSError as error:
            problem = f"cannot be read: {explain_os_error(error)}"
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problem = f"is not valid TOML: {error}"
        if problem == "absent":
            raise ConfigurationError(
                f"there is no configuration file at {path}; copy protocol_assets.example.toml to "
                f"{_FILE} and edit it, or set {CONFIG_VARIABLE} to its path"
            )
        if not problem:
            home = environment.get(HOME_VARIABLE) or content.get("home")
            if isinstance(home, str):
                # A relative home is relative to the file, not to the working directory.
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

    def last_day(self, now: dt.datetime, pacs: str | None = None) -> dt.date:
        """Return the last study day that can land: it must have ended, whatever ``end_date`` says.

        Args:
            now: A time with time zone.
            pacs: Name of a PACS in whose time zone the day must have begun as well.

        Raises:
            ConfigurationError: No PACS has that name.
        """
        last = now.astimezone(self.zone).date() - dt.timedelta(days=1)
        if self.end_date is not None:
            last = min(last, self.end_date)
        if pacs is not None:
            zone = ZoneInfo(self.pacs_named(pacs).timezone or self.timezone)
            last = min(last, now.astimezone(zone).date())
        return last

    def pacs_named(self, name: str) -> PacsSettings:
        """Return one PACS by name.

        Raises:
            ConfigurationError: No PACS has that name.
        """
        for one in self.pacs:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.pacs)
        raise ConfigurationError(f"the configuration has no PACS named {name!r}; it has {known}")


def _problem(detail: ErrorDetails) -> str:
    where = ".".join(str(part) for part in detail["loc"]) or "configuration"
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}"

"""The composition root: builds the parts of a deployment from its settings."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from protocol_assets.app.endpoints import endpoint_of, rate_limits_of
from protocol_assets.app.outlets import outlets_of
from protocol_assets.deidentify.keys import (
    DEMO_KEY,
    KEY_VARIABLE,
    PATIENT_KEY_VARIABLE,
    KeyRefusedError,
    Pseudonyms,
)
from protocol_assets.delivery.outlets import Outlets
from protocol_assets.governance.do_not_process import excludes
from protocol_assets.ingest.stages import Stages
from protocol_assets.lake.key_record import claim_key, key_problem
from protocol_assets.lake.upgrade import upgrade_home
from protocol_assets.lake.zones import Grid, Lake, Partition
from protocol_assets.modalities.registry import modality_of
from protocol_assets.settings import ConfigurationError, Settings
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint, is_on_loopback
from protocol_assets.sources.dicomweb.stored_profiles import read_profile
from protocol_assets.sources.rate_limit.store import SharedRateLimit

__all__ = ["Deployment"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment: its settings, and the parts that are built from them.

    Attributes:
        settings: The content of ``protocol_assets.toml``.
    """

    settings: Settings

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The deployment that the environment names; a home of an earlier version is upgraded.

        Raises:
            ConfigurationError: The configuration is missing or wrong.
            Fault: The home holds a folder under its old and its new name.
        """
        deployment = cls(Settings.load(environment))
        upgrade_home(deployment.lake)
        return deployment

    @classmethod
    def current(cls) -> Self:
        """The deployment that Dagster's definitions are loaded for; else ``load()``."""
        active = _ACTIVE.get()
        return cls.load() if active is None else cls(active)

    @contextmanager
    def activated(self) -> Iterator[None]:
        """Within the block ``current()`` is this deployment."""
        token = _ACTIVE.set(self.settings)
        try:
            yield
        finally:
            _ACTIVE.reset(token)

    @property
    def lake(self) -> Lake:
        """The lake under ``home``."""
        return Lake(self.settings.home)

    @property
    def is_demo(self) -> bool:
        """Whether this is a demo: its home carries the marker and every PACS is on loopback."""
        on_loopback = all(is_on_loopback(one.url) for one in self.settings.pacs)
        return self.lake.demo_marker.is_file() and on_loopback

    @property
    def pacs_names(self) -> list[str]:
        """Names of the configured PACS, in the order of the configuration."""
        return [one.name for one in self.settings.pacs]

    def grid(self, now: dt.datetime) -> Grid:
        """The partitions to retrieve as of an aware time."""
        first, last = self.settings.start_date, self.settings.last_day(now)
        return Grid(frozenset(self.pacs_names), first, last)

    def endpoint(self, name: str, environment: Mapping[str, str] | None = None) -> Endpoint:
        """The endpoint of one PACS with its credentials and what the probe measured.

        Raises:
            ConfigurationError: No PACS has that name, or its settings cannot be used.
        """
        environment = os.environ if environment is None else environment
        pacs = self.settings.pacs_named(name)
        return endpoint_of(pacs, environment, read_profile(self.lake, name))

    def rate_limit(self, name: str) -> SharedRateLimit:
        """The rate limit of one PACS, shared by all processes.

        Raises:
            ConfigurationError: No PACS has that name.
        """
        pacs = self.settings.pacs_named(name)
        return SharedRateLimit(self.lake, name, rate_limits_of(pacs), pacs.workers)

    def client(self, name: str, **options: Any) -> PacsClient:
        """A client of one PACS.

        Args:
            name: The PACS.
            options: Further arguments of ``PacsClient``.

        Raises:
            ConfigurationError: No PACS has that name, or its settings cannot be used.
        """
        return PacsClient(self.endpoint(name), rate_limit=self.rate_limit(name), **options)

    @property
    def outlets(self) -> Outlets:
        """Mail with its lists, and the webhook; secrets are read when they are used."""
        return outlets_of(self.settings, os.environ)

    def pseudonyms(self, environment: Mapping[str, str] | None = None) -> Pseudonyms:
        """The keyed pseudonyms, with the key that the lake was made with.

        Raises:
            ConfigurationError: The key is missing, refused, or not that of the lake.
        """
        pseudonyms = self.keyed(environment)
        if problem := key_problem(self.lake, pseudonyms.key_id):
            raise ConfigurationError(problem)
        return pseudonyms

    def keyed(
        self, environment: Mapping[str, str] | None = None, *, suffix: str = ""
    ) -> Pseudonyms:
        """The pseudonyms with the key in the environment; a demo without a key uses the demo's.

        Args:
            environment: Holds the secrets.
            suffix: Suffix of the variables' names: ``_OLD`` for the old key.

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

    def stages(self, tell: Any = None) -> Stages:
        """The stages of a partition: landing, flattening, facts.

        Args:
            tell: Called with the progress of landing: partition, studies done, studies listed.

        Raises:
            ConfigurationError: The key is missing or refused.
        """
        pseudonyms = self.pseudonyms()
        claim_key(self.lake, pseudonyms.key_id)
        return Stages(
            modality=modality_of("series"),
            lake=self.lake,
            pseudonyms=pseudonyms,
            client_for=self.client,
            tell=tell or _say_nothing,
            zone_of=self._zone_of,
            is_excluded=excludes(self.lake),
        )

    def _zone_of(self, name: str) -> ZoneInfo | None:
        # UTC is the default without a configured time zone, and not the clock of a scanner.
        zone = self.settings.pacs_named(name).timezone or self.settings.timezone
        return None if zone == "UTC" else ZoneInfo(zone)


_ACTIVE: Final[ContextVar[Settings | None]] = ContextVar("active_settings", default=None)


def _say_nothing(_partition: Partition, _done: int, _listed: int) -> None:
    return None

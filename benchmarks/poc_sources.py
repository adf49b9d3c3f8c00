"""Where a benchmark's studies and truth come from: the simulator, or a fleet of other make."""

from __future__ import annotations

import csv
import importlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final, Protocol, cast

import pandas as pd

from benchmarks.fleets import contract
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.demo import sign_targets
from protocol_assets.governance.targets import TARGETS_SCHEMA, targets_file
from protocol_assets.lake.zones import Lake
from protocol_assets.modalities.shared.scanners import identify
from protocol_assets.storage.locks import editing
from protocol_assets_simulator import Fleet, SimulatedPacs
from protocol_assets_simulator.comparison import Truth, read_truth
from tests.archive import DAY, SERIES, STUDY, element, served

__all__ = ["GeneratedSource", "SimulatedSource", "Source"]

_PACS: Final = "archive"
_DAYS_KEPT: Final = 16


class Dated(Protocol):
    """A fleet over some months."""

    @property
    def start(self) -> date:
        """First day."""

    @property
    def end(self) -> date:
        """Last day."""


class Source(Protocol):
    """A fleet that can be served to the platform, and its truth."""

    @property
    def fleet(self) -> Dated:
        """The fleet itself."""

    @property
    def timezone(self) -> str:
        """Time zone of the scanners' clocks."""

    @property
    def described(self) -> str:
        """What it is, for a heading."""

    def pacs(self, url: str) -> dict[str, str]:
        """Name and DICOMweb root of each PACS, of what ``served`` gave."""

    def served(self) -> AbstractContextManager[str]:
        """Serve the studies on loopback; gives the root."""

    def names(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Manufacturer and serial number to the names of scanner and site."""

    def sign(self, lake: Lake) -> None:
        """Write the targets that the sites have signed."""

    def truth(self, pseudonyms: Pseudonyms) -> Truth:
        """What really happened, joined to the pseudonyms of the series."""


@dataclass(frozen=True, slots=True)
class SimulatedSource:
    """The project's own simulator."""

    fleet: Fleet

    @property
    def timezone(self) -> str:
        """Time zone of the scanners' clocks."""
        return "Europe/Berlin"

    @property
    def described(self) -> str:
        """Scanners and studies."""
        return f"{self.fleet.number_of_scanners} scanners, {self.fleet.number_of_studies} studies"

    def pacs(self, url: str) -> dict[str, str]:
        """One PACS a site."""
        return {
            str(site): url.replace("/dicom-web", f"/{site}/dicom-web") for site in self.fleet.sites
        }

    @contextmanager
    def served(self) -> Iterator[str]:
        """The simulated PACS."""
        with SimulatedPacs(self.fleet) as pacs:
            yield pacs.url()

    def names(self) -> dict[tuple[str, str], tuple[str, str]]:
        """A scanner whose serial number changes is named anew."""
        named: dict[tuple[str, str], tuple[str, str]] = {}
        for number, scanner in enumerate(self.fleet.scanners):
            last = self.fleet.scanner_on(number, self.fleet.end).serial
            site = scanner.site.name.title()
            for place, serial in enumerate(dict.fromkeys([scanner.serial, last])):
                label = f"{site} MR {number + 1}{' (new)' * place}"
                named[scanner.manufacturer, serial] = (label, site)
        return named

    def sign(self, lake: Lake) -> None:
        """The targets of the scanners with old coils."""
        sign_targets(self.fleet, lake)

    def truth(self, pseudonyms: Pseudonyms) -> Truth:
        """The simulator's truth."""
        return read_truth(self.fleet, pseudonyms)


@dataclass(frozen=True)
class GeneratedSource:
    """A fleet of ``benchmarks/fleets/``, by the name of its package."""

    name: str
    seed: int
    scanners: int
    studies: int

    @cached_property
    def fleet(self) -> contract.Fleet:
        """The generated fleet."""
        package = importlib.import_module(f"benchmarks.fleets.{self.name}")
        made = package.FLEET(self.seed, scanners=self.scanners, studies=self.studies)
        return cast("contract.Fleet", made)

    @property
    def timezone(self) -> str:
        """Time zone of the scanners' clocks."""
        return self.fleet.timezone

    @property
    def described(self) -> str:
        """Scanners and studies."""
        return f"{self.scanners} scanners, {self.studies} studies"

    def pacs(self, url: str) -> dict[str, str]:
        """One PACS for all."""
        return {_PACS: url}

    @contextmanager
    def served(self) -> Iterator[str]:
        """A plain DICOMweb server."""
        with served(_Days(self.fleet)) as url:
            yield url

    def names(self) -> dict[tuple[str, str], tuple[str, str]]:
        """As the generator tells them; a device that replaces one is named anew."""
        given: dict[tuple[str, str], tuple[str, str]] = {}
        for key, (scanner, site) in self.fleet.names.items():
            is_taken = any(name == scanner for name, _ in given.values())
            given[key] = (f"{scanner} (new)" if is_taken else scanner, site)
        return given

    def sign(self, lake: Lake) -> None:
        """The generator's targets, in the form of a governance file."""
        path = targets_file(lake)
        with editing(path), path.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, TARGETS_SCHEMA.names)
            writer.writeheader()
            for number, one in enumerate(self.fleet.targets, start=1):
                writer.writerow(self._signed(number, one))

    def _signed(self, number: int, one: contract.Target) -> dict[str, object]:
        signed_on = self.fleet.start - timedelta(days=365)
        return {
            "target": f"site-{number}",
            "version": 1,
            "model": one.model,
            "vendor": identify({"Manufacturer": one.manufacturer}),
            "field_strength_class_t": one.field_strength_t,
            "anatomy": one.anatomy.replace(" ", "_"),
            "role": one.role.lower().replace(" ", "_"),
            "contrast_phase": one.contrast_phase,
            "reconstruction": "standard",
            "parameter": "averaging",
            "value": one.averaging,
            "valid_from": signed_on,
            "approved_by": "Head of radiology",
            "approved_on": signed_on,
            "reason": "The coils of this model need it",
        }

    def truth(self, pseudonyms: Pseudonyms) -> Truth:
        """The generator's truth."""
        told = self.fleet.truth()
        series = told.series.copy()
        series["series_key"] = [pseudonyms.of("series", uid) for uid in series["series_uid"]]
        series["study_date"] = pd.to_datetime(series["study_date"])
        return Truth(series, told.protocols.copy())


class _Days:
    """The studies of the last days asked for."""

    def __init__(self, fleet: contract.Fleet) -> None:
        self._fleet = fleet
        self._days: OrderedDict[date, dict[str, contract.FleetStudy]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, day: date) -> dict[str, contract.FleetStudy]:
        """Studies of a day by their UID."""
        with self._lock:
            if day not in self._days:
                self._days[day] = {one.study_uid: one for one in self._fleet.studies(day)}
                while len(self._days) > _DAYS_KEPT:
                    self._days.popitem(last=False)
            return self._days[day]

    def studies(self, asked: str) -> list[dict[str, Any]]:
        """Rows of a search by a StudyDate or a range of them."""
        first, dash, last = asked.partition("-")
        begin = _day(first) or self._fleet.start
        end = (_day(last) or self._fleet.end) if dash else begin
        days = (max(end, begin) - begin).days + 1
        return [
            _study_row(study)
            for number in range(days)
            for study in self.of(begin + timedelta(days=number)).values()
        ]

    def series(self, uid: str) -> list[dict[str, Any]]:
        """Rows of the series of a study."""
        return [
            {tag: own[0][tag] for tag in (SERIES, STUDY, "00080060")}
            | {"00201209": element("IS", len(own))}
            for own in self._series_of(uid).values()
        ]

    def metadata(self, uid: str, series: str | None = None) -> list[dict[str, Any]]:
        """The metadata of a study of the days at hand, or of one of its series."""
        found = self._series_of(uid)
        if series is not None:
            return found.get(series, [])
        return [one for own in found.values() for one in own]

    def _series_of(self, uid: str) -> dict[str, list[dict[str, Any]]]:
        with self._lock:
            study = next((day[uid] for day in self._days.values() if uid in day), None)
        return {} if study is None else _by_series(study)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _study_row(study: contract.FleetStudy) -> dict[str, Any]:
    modalities = {one["00080060"]["Value"][0] for one in study.instances}
    return {
        DAY: element("DA", study.study_date.strftime("%Y%m%d")),
        "00080061": element("CS", *sorted(modalities)),
        STUDY: element("UI", study.study_uid),
        "00201206": element("IS", len(_by_series(study))),
        "00201208": element("IS", len(study.instances)),
    }


def _by_series(study: contract.FleetStudy) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in study.instances:
        found.setdefault(one[SERIES]["Value"][0], []).append(one)
    return found

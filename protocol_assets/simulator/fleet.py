"""The fleet: scanners at sites, and the plan of who is examined where and when."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from protocol_assets.simulator import catalogue, exam, plan
from protocol_assets.simulator.catalogue import Protocol, Scanner
from protocol_assets.simulator.scan import Scan, Study

if TYPE_CHECKING:
    from protocol_assets.simulator.truth import SeriesTruth


@dataclass(frozen=True, init=False)
class Fleet:
    """A seeded network of scanners, every study of which is generated when it is asked for.

    Two fleets with the same arguments are identical in every process. What is held in memory is
    the plan (who, where, when); series and instances are derived from the seed and the study's
    index on demand.
    """

    seed: int
    number_of_scanners: int
    number_of_studies: int
    start: date
    end: date

    def __init__(
        self,
        seed: int = 1,
        scanners: int = 12,
        studies: int = 480,
        start: date = date(2026, 2, 1),
        end: date = date(2026, 3, 6),
    ) -> None:
        """Describe a fleet; nothing is generated yet.

        Args:
            seed: What everything random derives from.
            scanners: Number of scanners; beyond those described, they repeat under new serials.
            studies: Number of studies over the period.
            start: First study date.
            end: Last study date.

        Raises:
            ValueError: No scanner, a negative number of studies, or `end` before `start`.
        """
        if scanners < 1 or studies < 0 or end < start:
            raise ValueError(
                "a fleet needs at least one scanner, no negative number of studies and an end "
                "that is not before its start"
            )
        for name, value in (
            ("seed", seed),
            ("number_of_scanners", scanners),
            ("number_of_studies", studies),
            ("start", start),
            ("end", end),
        ):
            object.__setattr__(self, name, value)

    @cached_property
    def scanners(self) -> tuple[Scanner, ...]:
        """The scanners, with unique serial numbers and station names."""
        described = catalogue.scanners()
        return tuple(
            _another(described[index % len(described)], index // len(described))
            for index in range(self.number_of_scanners)
        )

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """Names of the sites that have a scanner, each a PACS of its own."""
        used = {scanner.site.name for scanner in self.scanners}
        return tuple(name for name in catalogue.sites() if name in used)

    def studies(self, site: str | None, first: date, last: date) -> tuple[Study, ...]:
        """The studies of a site (None for all) from `first` to `last`, in order of their start."""
        begin, end = bisect_left(self._days, first), bisect_right(self._days, last)
        return tuple(
            study
            for study in self._plan[begin:end]
            if site is None or study.scanner.site.name == site
        )

    def study(self, study_uid: str) -> Study | None:
        """The study with this UID, or None."""
        return self._by_uid.get(study_uid)

    def scans(self, study: Study) -> tuple[Scan, ...]:
        """The series of a study, in the order of their series numbers."""
        return exam.scans(study, self.setting)

    def setting(self, scanner: Scanner, protocol: Protocol, day: date) -> exam.Setting:
        """How a scanner runs a protocol on a day."""
        return exam.device_setting(self.seed, scanner, protocol, day)

    def truth(self) -> Iterator[SeriesTruth]:
        """One record per series: what really happened. The platform never reads it."""
        from protocol_assets.simulator.truth import series_truth

        for study in self._plan:
            for scan in self.scans(study):
                yield series_truth(scan)

    @cached_property
    def _days(self) -> list[date]:
        return [study.day for study in self._plan]

    @cached_property
    def _by_uid(self) -> dict[str, Study]:
        return {study.study_uid: study for study in self._plan}

    @cached_property
    def _plan(self) -> tuple[Study, ...]:
        return plan.studies(self.seed, self.scanners, self.number_of_studies, self.start, self.end)


def _another(scanner: Scanner, copy: int) -> Scanner:
    if copy == 0:
        return scanner
    return replace(
        scanner, serial=f"{scanner.serial}{copy:02d}", station=f"{scanner.station}_{copy:02d}"
    )

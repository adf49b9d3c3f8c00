"""The fleet: scanners at sites, and the plan of who is examined where and when."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Self

from protocol_assets_simulator import catalogue, exam, incidents, roster
from protocol_assets_simulator.catalogue import Protocol, Scanner
from protocol_assets_simulator.device_protocols import (
    DeviceProtocol,
    Setting,
    Variant,
    device_protocols,
)
from protocol_assets_simulator.exam_plan import plan_exam
from protocol_assets_simulator.ground_truth import Place
from protocol_assets_simulator.plan import Plan
from protocol_assets_simulator.scan import Scan, Study

_DAYS_OF_USE = 90


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
    case_mix: str
    variant: Variant
    most_images: int | None

    def __init__(
        self,
        seed: int = 1,
        scanners: int = 12,
        studies: int = 480,
        start: date = date(2026, 2, 1),
        end: date = date(2026, 3, 6),
        case_mix: str = "department",
        variant: Variant = Variant(),  # noqa: B008  -- frozen
        most_images: int | None = None,
    ) -> None:
        """Describe a fleet; nothing is generated yet.

        Args:
            seed: What everything random derives from.
            scanners: Number of scanners; beyond those described, they repeat under new serials.
            studies: Number of studies over the period.
            start: First study date. Protocols begin to change 150 days later.
            end: Last study date.
            case_mix: `department` for a department's usual exams, `lumbar` for lumbar spines only.
            variant: Preparation of a scan, and repetition times at the change.
            most_images: The most single-frame images that the PACS holds of a series, at least 2;
                None for all. Headers and times are those of the whole series.

        Raises:
            ValueError: No scanner, a negative number of studies, `end` before `start`, fewer than
                two images, or an unknown case mix.
        """
        if scanners < 1 or studies < 0 or end < start:
            raise ValueError(
                "a fleet needs at least one scanner, no negative number of studies and an end "
                "that is not before its start"
            )
        if most_images is not None and most_images < 2:
            raise ValueError("a fleet holds at least two images of a series")
        if case_mix not in catalogue.CASE_MIXES:
            raise ValueError(f"a fleet needs a case mix of {' or '.join(catalogue.CASE_MIXES)}")
        for name, value in (
            ("seed", seed),
            ("number_of_scanners", scanners),
            ("number_of_studies", studies),
            ("start", start),
            ("end", end),
            ("case_mix", case_mix),
            ("variant", variant),
            ("most_images", most_images),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def lumbar(
        cls,
        seed: int = 1,
        variant: Variant = Variant(),  # noqa: B008  -- frozen
        most_images: int | None = None,
    ) -> Self:
        """The fleet of the source project: 63 scanners, 11,249 lumbar spines in twelve months."""
        first, last = date(2025, 3, 1), date(2026, 2, 28)
        return cls(seed, 63, 11_249, first, last, "lumbar", variant, most_images)

    @cached_property
    def scanners(self) -> tuple[Scanner, ...]:
        """The scanners at the start, with unique serial numbers and station names."""
        return roster.scanners(self.number_of_scanners)

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """Names of the sites that have a scanner, each a PACS of its own."""
        used = {scanner.site.name for scanner in self.scanners}
        return tuple(name for name in catalogue.sites() if name in used)

    def scanner_on(self, number: int, day: date) -> Scanner:
        """A scanner, by its place in `scanners`, with the serial number and software of a day."""
        episode = self.episodes.get(number)
        return self.scanners[number] if episode is None else episode.on(self.scanners[number], day)

    def studies(
        self, site: str | None, first: date, last: date, as_of: date | None = None
    ) -> tuple[Study, ...]:
        """The studies of a site (None for all) from `first` to `last`, in order of their start.

        Args:
            site: The site whose PACS is asked, None for all together.
            first: First study date.
            last: Last study date.
            as_of: The day on which it is asked; None for when everything has arrived.
        """
        begin, end = bisect_left(self._days, first), bisect_right(self._days, last)
        return tuple(study for study in self._plan[begin:end] if study.is_held(site, as_of))

    def study(self, study_uid: str) -> Study | None:
        """The study with this UID, or None."""
        return self._by_uid.get(study_uid)

    def scans(self, study: Study) -> tuple[Scan, ...]:
        """The series of a study, in the order of their series numbers."""
        done = exam.scans(study, plan_exam(study), self.setting)
        if self.most_images is None:
            return done
        return tuple(replace(scan, most_images=self.most_images) for scan in done)

    def setting(self, scanner: Scanner, protocol: Protocol, day: date) -> Setting:
        """How a scanner runs a protocol on a day."""
        return self._settings[self._numbers[scanner.station], protocol.name].on(day)

    @cached_property
    def device_protocols(self) -> tuple[DeviceProtocol, ...]:
        """The truth of every protocol of every scanner, localizers left out."""
        protocols = catalogue.protocols()
        return tuple(
            record
            for record in self._settings.values()
            if protocols[record.protocol].role != "localizer"
        )

    @cached_property
    def episodes(self) -> dict[int, roster.Episodes]:
        """What befalls the scanners, by their place in `scanners`."""
        controls = {record.scanner for record in self._settings.values() if record.is_control}
        changing = [number for number in range(len(self.scanners)) if number not in controls]
        return roster.episodes(self.seed, self.scanners, changing, self.start, self.end)

    @cached_property
    def _volumes(self) -> tuple[float, ...]:
        return roster.volumes(self.seed, self.scanners)

    @cached_property
    def _settings(self) -> dict[Place, DeviceProtocol]:
        days = (self.end - self.start).days + 1
        rate = self.number_of_studies * _DAYS_OF_USE / days
        studies = [volume * rate for volume in self._volumes]
        use = roster.usage(self.scanners, studies, self.case_mix)
        return device_protocols(self.seed, self.scanners, use, self.start, self.end, self.variant)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {scanner.station: number for number, scanner in enumerate(self.scanners)}

    @cached_property
    def _days(self) -> list[date]:
        return [study.day for study in self._plan]

    @cached_property
    def _by_uid(self) -> dict[str, Study]:
        return {study.study_uid: study for study in self._plan}

    @cached_property
    def _plan(self) -> tuple[Study, ...]:
        total = self.number_of_studies
        plan = Plan(
            self.seed, self.scanners, self._volumes, self.case_mix, self.start, self.scanner_on
        )
        orderly = list(plan.studies(total - incidents.additional(total), self.end))
        return tuple(incidents.disturbed(self.seed, orderly, total))

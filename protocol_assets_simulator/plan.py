"""Who is examined where and when: studies spread over days, scanners and patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

from protocol_assets_simulator import catalogue, people
from protocol_assets_simulator.catalogue import Scanner
from protocol_assets_simulator.randomness import seeded
from protocol_assets_simulator.scan import Patient, Study

WEEKDAY_WEIGHTS: Final = (1.0, 1.0, 1.0, 1.0, 1.0, 0.22, 0.16)
RETURNING: Final = 0.09
NO_ACCESSION: Final = 0.03
REPORTED: Final = 0.02
PHOENIX: Final = 0.05
OPENING_S: Final = 7 * 3600
SLOT_S: Final = 40 * 60
SLOTS: Final = 24
"""Slots of a scanner's day, 7:00 to 23:00."""
TEAM: Final = 4
"""Technologists of a scanner; they work at several of their site."""


class Plan:
    """Draws the undisturbed studies of a fleet, one after the other.

    Args:
        seed: The fleet's seed.
        scanners: The fleet.
        volumes: Each scanner's share of the studies.
        case_mix: One of `catalogue.CASE_MIXES`.
        first: First study date.
        scanner_on: A scanner, by its number, as it is on a day.
    """

    def __init__(
        self,
        seed: int,
        scanners: Sequence[Scanner],
        volumes: Sequence[float],
        case_mix: str,
        first: date,
        scanner_on: Callable[[int, date], Scanner],
    ) -> None:
        self._seed = seed
        self._first = first
        self._volumes = volumes
        self._scanner_on = scanner_on
        self._exams = catalogue.exams()
        self._shares = [exam.shares[case_mix] for exam in self._exams]
        self._patients = 0
        sites = {scanner.site.name: scanner.site for scanner in scanners}
        # patients of earlier days who have not come back, by site
        self._known: dict[str, list[Patient]] = {name: [] for name in sites}
        self._referrers = {
            name: people.staff(seed, site, "physician", 14) for name, site in sites.items()
        }
        self._teams = {}
        for name, site in sites.items():
            own = [scanner.station for scanner in scanners if scanner.site.name == name]
            operators = people.staff(seed, site, "operator", max(7, 2 * len(own)))
            for station in own:
                self._teams[station] = seeded(seed, "team", station).sample(operators, TEAM)

    def studies(self, total: int, last: date) -> Iterator[Study]:
        """`total` studies in order of their day; deterministic in the arguments of the fleet.

        Weekdays are several times busier than weekends, and about one patient in ten comes twice,
        on different days.

        Raises:
            ValueError: A day would need more slots than the scanners have.
        """
        index = 0
        for day, count in _counts(self._seed, total, self._first, last):
            slots = [0] * len(self._volumes)
            before = self._patients
            today = []
            for _ in range(count):
                rng = seeded(self._seed, "plan", index)
                number = self._free_scanner(rng, slots)
                today.append(self._study(rng, index, day, number, slots[number]))
                slots[number] += 1
                index += 1
            for study in today:
                if study.patient.number > before:
                    self._known[study.scanner.site.name].append(study.patient)
            yield from today

    def _free_scanner(self, rng: Random, slots: list[int]) -> int:
        volumes = [
            volume if used < SLOTS else 0.0
            for volume, used in zip(self._volumes, slots, strict=True)
        ]
        if not any(volumes):
            raise ValueError(
                f"{len(slots)} scanners cannot take {sum(slots) + 1} studies in a day: "
                "ask for fewer studies, more scanners or a longer period"
            )
        return rng.choices(range(len(slots)), volumes)[0]

    def _study(self, rng: Random, index: int, day: date, number: int, slot: int) -> Study:
        scanner = self._scanner_on(number, day)
        site = scanner.site.name
        exam = rng.choices(self._exams, self._shares)[0]
        accession = f"{site[0].upper()}{day:%y%m%d}{index:05d}"
        is_syngo_classic = scanner.vendor == "siemens" and scanner.encoding == "classic"
        start_s = OPENING_S + slot * SLOT_S + rng.randrange(240)
        return Study(
            index=index,
            seed=f"{self._seed}:study:{index}",
            study_uid=f"2.25.{rng.getrandbits(126)}",
            day=day,
            start_s=start_s,
            registered_s=start_s,
            scanner=scanner,
            exam=exam,
            patient=self._patient(rng, scanner),
            accession="" if rng.random() < NO_ACCESSION else accession,
            referrer=rng.choice(self._referrers[site]),
            operator=rng.choice(self._teams[scanner.station]),
            description=rng.choice(catalogue.texts(scanner.language, f"study:{exam.name}")),
            has_report=rng.random() < REPORTED,
            has_phoenix=rng.random() < PHOENIX and is_syngo_classic,
            held=((site, day),),
            exam_index=index,
        )

    def _patient(self, rng: Random, scanner: Scanner) -> Patient:
        known = self._known[scanner.site.name]
        if known and rng.random() < RETURNING:
            return known.pop(rng.randrange(len(known)))
        self._patients += 1
        return people.patient(self._seed, self._patients, scanner.site, self._first)


def _counts(seed: int, total: int, first: date, last: date) -> list[tuple[date, int]]:
    """How many studies each day has, by largest remainder."""
    rng = seeded(seed, "days")
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    weights = [WEEKDAY_WEIGHTS[day.weekday()] * rng.uniform(0.93, 1.07) for day in days]
    shares = [total * weight / sum(weights) for weight in weights]
    counts = [int(share) for share in shares]
    largest = sorted(range(len(days)), key=lambda i: (counts[i] - shares[i], i))
    for i in largest[: total - sum(counts)]:
        counts[i] += 1
    return list(zip(days, counts, strict=True))

"""Who is examined where and when: studies spread over days, scanners and patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

from protocol_assets.simulator import catalogue, people
from protocol_assets.simulator.catalogue import Scanner
from protocol_assets.simulator.randomness import seeded
from protocol_assets.simulator.scan import Patient, Study

WEEKDAY_WEIGHTS: Final = (1.0, 1.0, 1.0, 1.0, 1.0, 0.22, 0.16)
VOLUME_SIGMA: Final = 0.55
RETURNING: Final = 0.09
NO_ACCESSION: Final = 0.03
REPORTED: Final = 0.04
PHOENIX: Final = 0.30
OPENING_S: Final = 7 * 3600
SLOT_S: Final = 40 * 60
SLOTS: Final = 24
"""Slots of a scanner's day, 7:00 to 23:00."""


def studies(
    seed: int, scanners: Sequence[Scanner], total: int, first: date, last: date
) -> tuple[Study, ...]:
    """The studies of a fleet in order of their start; deterministic in the arguments.

    Weekdays are several times busier than weekends, scanners' volumes are lognormal, and about
    one patient in ten comes twice, on different days.

    Raises:
        ValueError: A day would need more slots than the scanners have.
    """
    return tuple(_Plan(seed, scanners, first).studies(_counts(seed, total, first, last)))


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


def _is_syngo_classic(scanner: Scanner) -> bool:
    return scanner.vendor == "siemens" and scanner.encoding == "classic"


class _Plan:
    def __init__(self, seed: int, scanners: Sequence[Scanner], first: date) -> None:
        self._seed = seed
        self._first = first
        self._scanners = scanners
        rng = seeded(seed, "volumes")
        self._volumes = [rng.lognormvariate(0, VOLUME_SIGMA) for _ in scanners]
        self._exams = catalogue.exams()
        self._patients = 0
        sites = {scanner.site.name: scanner.site for scanner in scanners}
        # patients of earlier days who have not come back, by site
        self._known: dict[str, list[Patient]] = {name: [] for name in sites}
        self._referrers = {
            name: people.staff(seed, site, "physician", 14) for name, site in sites.items()
        }
        self._operators = {
            name: people.staff(seed, site, "operator", 7) for name, site in sites.items()
        }

    def studies(self, counts: list[tuple[date, int]]) -> Iterator[Study]:
        index = 0
        for day, count in counts:
            today = []
            slots = [0] * len(self._scanners)
            before = self._patients
            for _ in range(count):
                rng = seeded(self._seed, "plan", index)
                number = self._free_scanner(rng, slots)
                today.append(self._study(rng, index, day, self._scanners[number], slots[number]))
                slots[number] += 1
                index += 1
            for study in today:
                if study.patient.number > before:
                    self._known[study.scanner.site.name].append(study.patient)
            yield from sorted(today, key=lambda study: (study.start_s, study.index))

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

    def _study(self, rng: Random, index: int, day: date, scanner: Scanner, slot: int) -> Study:
        site = scanner.site.name
        exam = rng.choices(self._exams, [exam.share for exam in self._exams])[0]
        accession = f"{site[0].upper()}{day:%y%m%d}{index:05d}"
        return Study(
            index=index,
            seed=f"{self._seed}:study:{index}",
            study_uid=f"2.25.{rng.getrandbits(126)}",
            day=day,
            start_s=OPENING_S + slot * SLOT_S + rng.randrange(240),
            scanner=scanner,
            exam=exam,
            patient=self._patient(rng, scanner),
            accession="" if rng.random() < NO_ACCESSION else accession,
            referrer=rng.choice(self._referrers[site]),
            operator=rng.choice(self._operators[site]),
            description=rng.choice(catalogue.texts(scanner.language, f"study:{exam.name}")),
            has_report=rng.random() < REPORTED,
            has_phoenix=rng.random() < PHOENIX and _is_syngo_classic(scanner),
        )

    def _patient(self, rng: Random, scanner: Scanner) -> Patient:
        known = self._known[scanner.site.name]
        if known and rng.random() < RETURNING:
            return known.pop(rng.randrange(len(known)))
        self._patients += 1
        return people.patient(self._seed, self._patients, scanner.site, self._first)

"""The scanners of a fleet, and what happens to them beside their protocols."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import NormalDist
from typing import Final

from protocol_assets_simulator import catalogue
from protocol_assets_simulator.catalogue import Scanner
from protocol_assets_simulator.ground_truth import Place
from protocol_assets_simulator.randomness import seeded

VOLUME_SIGMA: Final = 0.55
SERIAL_CHANGES_ON_DAY: Final = 75
UPGRADE_ON_DAY: Final = 100
CLOCK_OFFSETS_S: Final = (3600, -3600)
FEWEST_SCANNERS: Final = 8
"""A smaller fleet is spared wrong clocks, a replaced host and an upgrade."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """What befalls one scanner; None for never.

    Attributes:
        clock_offset_s: How far its clock runs ahead, over the whole period.
        serial_changed_on: The day from which it reports `next_serial`.
        upgraded_on: The day from which its software is newer and its protocols have other names.
    """

    clock_offset_s: int = 0
    serial_changed_on: date | None = None
    next_serial: str = ""
    upgraded_on: date | None = None
    next_software: str = ""

    def on(self, scanner: Scanner, day: date) -> Scanner:
        """The scanner as it is on a day."""
        scanner = replace(scanner, clock_offset_s=self.clock_offset_s)
        if self.serial_changed_on is not None and day >= self.serial_changed_on:
            scanner = replace(scanner, serial=self.next_serial)
        if self.upgraded_on is not None and day >= self.upgraded_on:
            software = (*scanner.software[:-1], self.next_software)
            scanner = replace(scanner, software=software, is_renamed=True)
        return scanner


def scanners(count: int) -> tuple[Scanner, ...]:
    """The first `count` described scanners; beyond them they repeat under new serials."""
    described = catalogue.scanners()
    return tuple(
        _another(described[index % len(described)], index // len(described))
        for index in range(count)
    )


def _another(scanner: Scanner, copy: int) -> Scanner:
    if copy == 0:
        return scanner
    return replace(
        scanner, serial=f"{scanner.serial}{copy:02d}", station=f"{scanner.station}_{copy:02d}"
    )


def volumes(seed: int, scanners: Sequence[Scanner]) -> tuple[float, ...]:
    """Each scanner's share of the studies: lognormal, at evenly spread quantiles in random order.

    Scanners that write enhanced objects are as large as the others on average.
    """
    count = len(scanners)
    normal = NormalDist(sigma=VOLUME_SIGMA)
    sizes = [math.exp(normal.inv_cdf((n + 0.5) / count)) for n in range(count)]
    rng = seeded(seed, "volumes")
    enhanced = [n for n, scanner in enumerate(scanners) if scanner.encoding == "enhanced"]
    rng.shuffle(enhanced)
    others = [n for n in range(count) if n not in enhanced]
    rng.shuffle(others)
    ranks = [int((n + 0.5) * count / len(enhanced)) for n in range(len(enhanced))]
    rest = [rank for rank in range(count) if rank not in ranks]
    by_scanner = dict(zip([*enhanced, *others], [*ranks, *rest], strict=True))
    return tuple(sizes[by_scanner[n]] / sum(sizes) for n in range(count))


def usage(
    scanners: Sequence[Scanner], studies: Sequence[float], case_mix: str
) -> dict[Place, float]:
    """How often each scanner runs each protocol on average.

    Args:
        scanners: The fleet.
        studies: How many studies each scanner has.
        case_mix: One of `catalogue.CASE_MIXES`.
    """
    shares = {one.name: one.shares[case_mix] for one in catalogue.exams()}
    whole = sum(shares.values())
    use: dict[Place, float] = {}
    for number, (scanner, count) in enumerate(zip(scanners, studies, strict=True)):
        for one in catalogue.exams():
            for step in one.steps if shares[one.name] else ():
                if step.needs in ("", scanner.writes):
                    place = number, step.protocol.name
                    runs = count * shares[one.name] / whole * step.probability
                    use[place] = use.get(place, 0.0) + runs
    return use


def episodes(
    seed: int, scanners: Sequence[Scanner], changing: Sequence[int], start: date, end: date
) -> dict[int, Episodes]:
    """What befalls the scanners, by their number: each on another of those that change."""
    if len(changing) < FEWEST_SCANNERS:
        return {}
    ahead, behind, replaced, upgraded = seeded(seed, "episodes").sample(list(changing), 4)
    found = {
        number: Episodes(clock_offset_s=offset)
        for number, offset in zip((ahead, behind), CLOCK_OFFSETS_S, strict=True)
    }
    serial_on = start + timedelta(days=SERIAL_CHANGES_ON_DAY)
    if serial_on <= end:
        serial = f"{scanners[replaced].serial}R"
        found[replaced] = Episodes(serial_changed_on=serial_on, next_serial=serial)
    upgraded_on = start + timedelta(days=UPGRADE_ON_DAY)
    if upgraded_on <= end:
        software = f"{scanners[upgraded].software[-1]}.SP2"
        found[upgraded] = Episodes(upgraded_on=upgraded_on, next_software=software)
    return found

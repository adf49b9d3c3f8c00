"""The fleet as its archive and its truth.

Scanners, protocols and their courses follow from the seed; the examinations of a day follow from
the seed and the day alone.

A protocol has ``potential`` exactly where its averaging, NEX x (1 + phase oversampling), is at
least 1.31 times 1.02 of what is right in its stratum (anatomy, role, contrast phase, 2D or 3D,
field, and R). What is right is the signed target of its model where there is one, else the
level that at least a quarter of the stratum's devices, and one or two more, run within 0.95 to
1.02. So it averages at least 1.25 times the stratum's lowest quarter, and it has neither a voxel
below the sequence's nominal one nor a bandwidth above it that would excuse this. Strata of fewer
than four protocols have no potential. All others lie within 0.95 to 1.02 of what is right on the
first day; ``course`` tells which ones creep or are raised later.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from benchmarks.fleets.a.courses import add_courses
from benchmarks.fleets.a.devices import DAYS, START, build_devices
from benchmarks.fleets.a.encode import Encoder
from benchmarks.fleets.a.levels import target_level
from benchmarks.fleets.a.plan import Planner
from benchmarks.fleets.a.protocols import build_protocols
from benchmarks.fleets.a.truth import build_truth
from benchmarks.fleets.contract import FleetStudy, FleetTruth, Target

__all__ = ["UniversityNetwork"]


class UniversityNetwork:
    """A public university network in seven countries of Europe and in Brazil.

    Args:
        seed: The same seed gives the same fleet.
        scanners: Number of scanners.
        studies: Examinations over the year, on average.
    """

    timezone = "Europe/Lisbon"

    def __init__(self, seed: int, scanners: int = 63, studies: int = 11_000) -> None:
        self.seed, self.scanners, self.count = seed, scanners, studies
        self.start = START
        self.end = START + dt.timedelta(DAYS - 1)
        self._devices = build_devices(seed, scanners)
        self.protocols = build_protocols(seed, self._devices)
        add_courses(seed, self.protocols, scanners)
        self.planner = Planner(seed, self._devices, self.protocols, studies)
        self._encoder = Encoder()
        self.names = {}
        for station in self._devices:
            for serial in filter(None, (station.serial, station.new_serial)):
                self.names[station.model.manufacturer, serial] = (station.name, station.site.name)
        self.targets = self._targets()

    names: dict[tuple[str, str], tuple[str, str]]
    targets: list[Target]

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the arguments rather than carry the headers along."""
        return UniversityNetwork, (self.seed, self.scanners, self.count)

    def _targets(self) -> list[Target]:
        found: dict[tuple[Any, ...], Target] = {}
        for protocol in self.protocols:
            model, stratum = protocol.station.model, protocol.stratum
            level = target_level(self.seed, stratum, model.name) if protocol.targeted else None
            if level is None:
                continue
            found[model.name, stratum] = Target(
                manufacturer=model.manufacturer,
                model=model.name,
                field_strength_t=model.field_t,
                anatomy=protocol.anatomy,
                role=protocol.sequence.role,
                contrast_phase=protocol.phase,
                averaging=level,
            )
        return list(found.values())

    def studies(self, day: dt.date) -> list[FleetStudy]:
        """Return the studies of a day."""
        return [
            FleetStudy(plan.uid, plan.day, self._encoder.study(plan))
            for plan in self.planner.day(day)
        ]

    def truth(self) -> FleetTruth:
        """Return what really happened over the whole period."""
        return build_truth(self.planner, self.protocols)

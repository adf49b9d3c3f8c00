"""The scanners of the network: where they stand, how busy they are, what ails them."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

from benchmarks.fleets.a.catalog import FLEET_MODELS, SITES, Model, Site
from benchmarks.fleets.a.texts import AGENTS

__all__ = ["DAYS", "START", "Station", "build_devices"]

START = dt.date(2024, 3, 1)
DAYS = 365


@dataclass(slots=True)
class Station:
    """A place of the network with its scanner.

    Attributes:
        index: Position in the fleet.
        name: Name of the scanner, unique.
        code: StationName in the headers.
        serial: DeviceSerialNumber at the start.
        new_serial: DeviceSerialNumber after a replacement, or empty.
        replaced_on: First day of the new device.
        is_control: Whether nothing ever changes here, and nothing is averaged too often.
        has_parallel: Whether parallel imaging is licensed.
        weight: Share of the fleet's examinations.
        clock_s: Error of the scanner's clock (s).
        change_on: The day on which the protocols are corrected.
        relapse_on: The day on which they return.
        is_harmed: Whether the correction costs image quality here.
        renamed_on: The day of an upgrade that renames the protocols.
    """

    index: int
    name: str
    code: str
    serial: str
    model: Model
    site: Site
    is_control: bool
    has_parallel: bool
    weight: float
    voxel: float
    bandwidth: float
    agent: str
    technologists: tuple[float, ...]
    change_on: dt.date
    clock_s: int = 0
    new_serial: str = ""
    replaced_on: dt.date = dt.date.max
    relapse_on: dt.date | None = None
    is_harmed: bool = False
    has_pairs: bool = False
    has_dixon: bool = False
    renamed_on: dt.date = dt.date.max
    extras: dict[str, str] = field(default_factory=dict)

    def serial_on(self, day: dt.date) -> str:
        """Return the serial number of the device that stands here on a day."""
        return self.new_serial if self.new_serial and day >= self.replaced_on else self.serial


def _serial(rng: random.Random, vendor: str) -> str:
    if vendor == "ge":
        return f"0000000{rng.randrange(10**8, 10**9)}MR"
    return str(rng.randrange(21000, 179000))


def _station(rng: random.Random, index: int, number: int, site: Site, is_control: bool) -> Station:
    model = FLEET_MODELS[index % len(FLEET_MODELS)]
    lacks = 0.7 if model.year <= 2009 else 0.08
    plain = rng.random() < lacks and not is_control
    return Station(
        index=index,
        name=f"{site.city} MR{number}",
        code=f"{site.city[:5].upper().replace(' ', '')}MR{number}",
        serial=_serial(rng, model.vendor),
        model=model,
        site=site,
        is_control=is_control,
        has_parallel=not plain,
        weight=rng.lognormvariate(*((0.42, 0.4) if model.flavor == "enhanced" else (0, 0.78))),
        voxel=rng.uniform(0.8, 1.2),
        bandwidth=rng.uniform(0.8, 1.2),
        agent=rng.choice(AGENTS),
        technologists=tuple(rng.lognormvariate(0, 0.28) for _ in range(rng.randint(3, 6))),
        change_on=START + dt.timedelta(DAYS // 3 + rng.randrange(90)),
    )


def build_devices(seed: int, count: int) -> list[Station]:
    """Return the scanners; one in seven is a control, the deep-learning ones among them."""
    rng = random.Random(f"{seed}-stations")
    deep = [i for i in range(count) if FLEET_MODELS[i % len(FLEET_MODELS)].deep_learning]
    others = [i for i in range(count) if i not in deep]
    controls = set(deep) | set(rng.sample(others, max(0, round(count / 7) - len(deep))))
    sites = list(SITES)
    rng.shuffle(sites)
    devices = []
    for index in range(count):
        site, number = sites[index % len(sites)], index // len(sites) + 1
        devices.append(_station(rng, index, number, site, index in controls))
    total = sum(s.weight for s in devices)
    for station in devices:
        station.weight /= total
    _add_events(rng, [s for s in devices if not s.is_control], devices)
    return devices


def _add_events(rng: random.Random, changing: list[Station], devices: list[Station]) -> None:
    """Choose relapses, replacements, harm, wrong clocks and an upgrade, in the fleet's measure."""
    share = len(devices) / 63
    chosen = rng.sample(changing, len(changing))

    def take(count: int) -> list[Station]:
        size = min(len(chosen), max(1, round(count * share)))
        return [chosen.pop() for _ in range(size)]

    for station in take(5):
        station.relapse_on = station.change_on + dt.timedelta(rng.randint(55, 66))
    for station in take(2):
        station.new_serial = _serial(rng, station.model.vendor)
        station.replaced_on = station.change_on - dt.timedelta(7)
    chosen.sort(key=lambda s: s.weight)  # harm shows only where there is volume
    for station in take(4):
        station.is_harmed = True
    for station, seconds in zip(take(2), (3600, -3600), strict=False):
        station.clock_s = seconds
    for station in take(1):
        station.renamed_on = START + dt.timedelta(rng.randint(150, 260))
    for station in devices:
        vendor = station.model.vendor
        pairs = {"siemens": 0.3, "philips": 0.5}.get(vendor, 0.0)
        station.has_pairs = rng.random() < pairs
        station.has_dixon = rng.random() < 0.12

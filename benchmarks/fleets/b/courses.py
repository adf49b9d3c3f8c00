"""What happens to the protocols over the year: cuts, relapses, drifts and rises."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace

from benchmarks.fleets.b.devices import Device
from benchmarks.fleets.b.physics import Scan
from benchmarks.fleets.b.protocols import Protocol

__all__ = ["apply_courses", "replacement_day"]

_CREEP_STEPS = 6


def replacement_day(device: Device, protocols: list[Protocol]) -> int:
    """Give the day on which a replaced scanner's successor starts, -1 without one."""
    if not device.new_serial:
        return -1
    days = [p.changed_day for p in protocols if p.device is device and p.kind == "potential"]
    days = [day for day in days if day >= 0]
    return min(days) - 7 if days else -1


def _right(protocol: Protocol, rng: random.Random) -> tuple[float, float]:
    """Choose NEX and oversampling that give the level which is right."""
    scan, level = protocol.first, protocol.level
    if protocol.device.model.vendor == "GE":
        return level, 0.0
    if scan.oversampling == 0 and level == 1.0:
        return 1.0, 0.0
    if level == 2.0:
        return (2.0, 0.0) if rng.random() < 0.6 else (1.0, 1.0)
    return (1.0, 0.5) if level == 1.5 else (1.0, 0.0)


def _cut(protocol: Protocol, day: int, rng: random.Random) -> None:
    nex, oversampling = _right(protocol, rng)
    tr = protocol.first.tr_ms
    if rng.random() < 0.3:
        tr = float(round(tr * rng.choice((0.9, 1.08, 1.12))))
    scan = replace(protocol.first, nex=nex, oversampling=oversampling, tr_ms=tr)
    protocol.epochs.append((day, scan))
    protocol.changed_day = day
    protocol.course = "changed"


def _creep(protocol: Protocol, days: int, rng: random.Random) -> None:
    """Let the repetition time creep to +34 %, or averaging in steps of nine percent."""
    first = protocol.first
    is_tr = rng.random() < 0.55 or protocol.device.model.vendor == "GE"
    steps = _CREEP_STEPS if is_tr else 4
    for step in range(1, steps + 1):
        day = int(days * (0.06 + 0.88 * (step - rng.uniform(0.2, 0.6)) / steps))
        if is_tr:
            scan = replace(first, tr_ms=float(round(first.tr_ms * 1.34 ** (step / steps))))
        else:
            share = round((1 + first.oversampling) * 1.09**step - 1, 2)
            scan = replace(first, oversampling=share)
        protocol.epochs.append((day, scan))
    protocol.course = "crept"


def _raised_scan(protocol: Protocol) -> Scan:
    """Raise the averages as the vendor's console allows it."""
    scan = protocol.first
    return replace(scan, nex=scan.nex * 1.5 if scan.nex == 2 else scan.nex + 1)


def _cut_by_programme(
    devices: list[Device], protocols: list[Protocol], days: int, rng: random.Random
) -> list[list[Protocol]]:
    """Cut the high averages of the scanners that follow the chain's programme."""
    by_device: dict[int, list[Protocol]] = defaultdict(list)
    for protocol in protocols:
        if protocol.kind == "potential":
            by_device[protocol.device.index].append(protocol)
    changing = []
    for device in devices:
        own = by_device[device.index]
        if not device.follows_programme or not own:
            continue
        base = int(days * 0.36) + rng.randrange(max(1, min(90, days // 4)))
        chosen = [p for p in own if rng.random() < 0.8] or own[:1]
        for protocol in chosen:
            _cut(protocol, base + rng.choice((0, 0, 0, 0, 3, 7)), rng)
        changing.append(chosen)
    return changing


def _relapse(protocol: Protocol, days: int, rng: random.Random) -> None:
    back = protocol.changed_day + rng.randrange(56, 66)
    if back < days - 20:
        protocol.epochs.append((back, protocol.first))
        protocol.relapsed_day, protocol.course = back, "relapsed"


def _drift(protocol: Protocol, days: int, rng: random.Random) -> None:
    """Let some of the protocols that nobody cuts creep or rise."""
    lot = rng.random()
    if protocol.sequence.family == "epi":
        return
    if lot < 0.06:
        _creep(protocol, days, rng)
    elif lot < 0.085:
        day = int(days * rng.uniform(0.35, 0.65))
        protocol.epochs.append((day, _raised_scan(protocol)))
        protocol.changed_day, protocol.course = day, "raised"


def apply_courses(seed: int, devices: list[Device], protocols: list[Protocol], days: int) -> None:
    """Give each protocol its course.

    Args:
        seed: Of the fleet.
        devices: All scanners.
        protocols: Their protocols on the first day; changed in place.
        days: Length of the period.
    """
    rng = random.Random(f"courses {seed}")
    changing = _cut_by_programme(devices, protocols, days, rng)
    rng.shuffle(changing)
    relapsing = max(1, round(len(devices) * 5 / 63))
    harmed = max(1, round(len(devices) * 4 / 63))
    for chosen in changing[:relapsing]:
        for protocol in chosen:
            _relapse(protocol, days, rng)
    for chosen in changing[relapsing : relapsing + harmed]:
        for protocol in chosen:
            protocol.is_harmed = True
    for protocol in protocols:
        if protocol.kind in ("usual", "acceleration", "no oversampling"):
            _drift(protocol, days, rng)

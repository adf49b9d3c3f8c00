"""What becomes of protocols during the year."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace

from benchmarks.fleets.a.devices import DAYS, START
from benchmarks.fleets.a.levels import high_form, low_form
from benchmarks.fleets.a.physics import Settings, with_averaging
from benchmarks.fleets.a.protocol import Protocol

__all__ = ["add_courses"]


def add_courses(seed: int, protocols: list[Protocol], devices: int) -> None:
    """Change, relapse, raise and let creep what the truth says of each protocol."""
    rng = random.Random(f"{seed}-courses")
    for protocol in protocols:
        station = protocol.station
        sure = station.is_harmed or station.relapse_on is not None or bool(station.new_serial)
        if protocol.kind == "potential" and rng.random() < (0.97 if sure else 0.56):
            _cut(rng, protocol)
    quiet = [p for p in protocols if p.course == "none" and p.kind == "usual" and not p.variant]
    quiet = [p for p in quiet if p.sequence.family in ("tse", "ir")]
    rng.shuffle(quiet)
    quiet.sort(key=lambda p: -p.chance * p.station.weight)
    quiet = quiet[: len(quiet) // 2]
    rng.shuffle(quiet)
    share = devices / 63
    for _ in range(max(1, round(16 * share))):
        _creep_tr(quiet.pop())
    free = [p for p in quiet if p.station.model.vendor != "ge" and p.first.oversampling < 0.5]
    for protocol in free[: max(1, round(9 * share))]:
        _creep_averaging(rng, protocol)
        quiet.remove(protocol)
    for _ in range(max(1, round(9 * share))):
        _raise(rng, quiet.pop())


def _cut(rng: random.Random, protocol: Protocol) -> None:
    station, old = protocol.station, protocol.first
    nex, over = low_form(rng, station.model.vendor, protocol.level, calm=True)
    new = with_averaging(old, nex, over)
    if rng.random() < 0.3:
        new = replace(new, tr=float(round(new.tr * rng.uniform(1.06, 1.18))))
    protocol.changed_on = station.change_on
    protocol.epochs.append((station.change_on, new))
    protocol.course = "changed"
    protocol.harmed = station.is_harmed
    if station.relapse_on is not None:
        protocol.relapsed_on = station.relapse_on
        protocol.epochs.append((station.relapse_on, old))
        protocol.course = "relapsed"


def _steps(protocol: Protocol, course: str, grow: Callable[[Settings], Settings]) -> None:
    """Apply a small step again and again, through the middle of the year."""
    protocol.course = course
    first, count = START + dt.timedelta(55 + protocol.index % 40), 8 if course == "crept" else 4
    pause = (DAYS - 120) // count
    for step in range(count):
        changed = grow(protocol.epochs[-1][1])
        protocol.epochs.append((first + dt.timedelta(step * pause), changed))


def _creep_tr(protocol: Protocol) -> None:
    factor = 1.34 ** (1 / 8)
    _steps(protocol, "crept", lambda s: replace(s, tr=round(s.tr * factor, 1)))


def _creep_averaging(rng: random.Random, protocol: Protocol) -> None:
    factor = rng.choice((1.09, 1.09, 1.091))

    def grow(settings: Settings) -> Settings:
        wanted = settings.averaging * factor
        nex = settings.nex if wanted / settings.nex <= 2 else settings.nex + 1
        return with_averaging(settings, nex, wanted / nex - 1)

    _steps(protocol, "crept averaging", grow)
    protocol.course = "crept"


def _raise(rng: random.Random, protocol: Protocol) -> None:
    day = START + dt.timedelta(DAYS // 3 + rng.randrange(120))
    nex, over = high_form(rng, protocol.station.model.vendor, protocol.level)
    protocol.epochs.append((day, with_averaging(protocol.first, nex, over)))
    protocol.changed_on, protocol.course = day, "raised"

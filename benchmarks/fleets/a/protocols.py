"""The protocols of the scanners: which are averaged too often, and what becomes of them."""

from __future__ import annotations

import math
import random
from collections import defaultdict

from benchmarks.fleets.a.catalog import REGIONS, Sequence
from benchmarks.fleets.a.devices import START, Station
from benchmarks.fleets.a.levels import Stratum, high_form, low_form, right_level, target_level
from benchmarks.fleets.a.protocol import Protocol
from benchmarks.fleets.a.settings import make_settings
from benchmarks.fleets.a.texts import name_variants

__all__ = ["build_protocols"]

POTENTIAL_PER_SCANNER = 282 / 63


def _acceleration(
    rng: random.Random, seed: int, protocol_stratum: Stratum, station: Station
) -> float:
    stratum_rng = random.Random(f"{seed}-parallel-{protocol_stratum}")
    share = stratum_rng.choice((0.3, 0.7, 0.8, 0.88))
    if protocol_stratum[1] == "ax DWI":
        share = 1.0
    if station.is_control:  # controls follow the fleet, so that nothing is to be found there
        return 2.0 if share > 0.5 else 1.0
    if not station.has_parallel or rng.random() > share:
        return 1.0
    thrice = station.model.year >= 2016 and protocol_stratum[1] != "ax DWI" and rng.random() < 0.1
    return 3.0 if thrice else 2.0


def _partial_fourier(rng: random.Random, vendor: str, sequence: Sequence) -> float:
    if sequence.family in ("dwi", "gre3d") or sequence.etl < 6:
        return 1.0
    if vendor == "siemens":
        return rng.choices((1.0, 0.875, 0.75, 0.625), (0.62, 0.14, 0.16, 0.08))[0]
    if vendor == "philips":
        return rng.choices((1.0, 0.8, 0.7), (0.75, 0.15, 0.1))[0]
    return 1.0


def _draft(rng: random.Random, seed: int, station: Station) -> list[Protocol]:
    found: list[Protocol] = []
    for anatomy, sequences in REGIONS.items():
        if anatomy != "lumbar spine" and rng.random() > 0.52:
            continue
        for sequence in sequences:
            if rng.random() > sequence.owned:
                continue
            variants = [("", 1.0)]
            if sequence.family == "tse" and not sequence.contrast and rng.random() < 0.2:
                variant = rng.choice(("fast", "slow"))
                share = rng.uniform(0.15, 0.45)
                variants = [("", 1 - share), (variant, share)]
            for variant, share in variants:
                found.append(_one(rng, seed, station, anatomy, sequence, variant, share))
    return found


def _one(
    rng: random.Random, seed: int, station: Station, anatomy: str, sequence: Sequence,
    variant: str, share: float,
) -> Protocol:  # fmt: skip
    model = station.model
    key = f"{anatomy} {sequence.role}{' post' if sequence.contrast else ''} {variant}".strip()
    protocol = Protocol(
        index=-1,
        station=station,
        key=key,
        anatomy=anatomy,
        sequence=sequence,
        variant=variant,
        names=name_variants(
            rng, model.vendor, model.flavor, sequence, station.site.language, anatomy, variant
        ),
        chance=sequence.chance * share,
        acceleration=1.0,
        partial_fourier=_partial_fourier(rng, model.vendor, sequence),
    )
    protocol.acceleration = _acceleration(rng, seed, protocol.stratum, station)
    target = target_level(seed, protocol.stratum, model.name) if model.old_coil else None
    protocol.targeted = target is not None
    protocol.level = target or right_level(seed, protocol.stratum, protocol.acceleration > 1)
    return protocol


def _choose_potential(rng: random.Random, protocols: list[Protocol], devices: int) -> None:
    """Mark protocols as potential, so that a quarter and one of each group stay low."""
    groups: dict[tuple[Stratum, float], list[Protocol]] = defaultdict(list)
    for protocol in protocols:
        groups[protocol.stratum, protocol.acceleration].append(protocol)
    room: dict[tuple[Stratum, float], int] = {}
    for key, group in groups.items():
        untargeted = sum(not p.targeted for p in group)
        low = math.ceil(0.25 * (len(group) - 1)) + 1 + (len(group) > 8)
        room[key] = 0 if len(group) < 4 else max(0, min(untargeted - low, int(0.6 * len(group))))
    candidates = [p for p in protocols if _may_be_potential(p)]
    rng.shuffle(candidates)
    candidates.sort(key=lambda p: p.targeted)
    wanted = round(POTENTIAL_PER_SCANNER * devices)
    served: set[int] = set()
    for first_round in (True, False):
        for protocol in candidates:
            key = (protocol.stratum, protocol.acceleration)
            done = protocol.kind == "potential" or (
                first_round and protocol.station.index in served
            )
            if wanted <= 0 or done or (not protocol.targeted and room[key] <= 0):
                continue
            if protocol.targeted and rng.random() > 0.1:
                continue
            room[key] -= 0 if protocol.targeted else 1
            protocol.kind = "potential"
            served.add(protocol.station.index)
            wanted -= 1


def _may_be_potential(protocol: Protocol) -> bool:
    sequence = protocol.sequence
    plain = not protocol.variant and sequence.family in ("tse", "ir")
    return plain and not protocol.station.is_control


def _settle(rng: random.Random, protocols: list[Protocol]) -> None:
    """Give each protocol its averages, its settings and the kind that follows from them."""
    accelerated: dict[Stratum, list[bool]] = defaultdict(list)
    for protocol in protocols:
        accelerated[protocol.stratum].append(protocol.acceleration > 1)
    for protocol in protocols:
        vendor = protocol.station.model.vendor
        high = protocol.kind == "potential"
        calm = protocol.station.is_control or protocol.sequence.family == "dwi"
        form = (
            high_form(rng, vendor, protocol.level)
            if high
            else low_form(rng, vendor, protocol.level, calm)
        )
        if protocol.sequence.family == "dwi":
            form = (protocol.level, 0.0)
        settings = make_settings(rng, protocol, form, high)
        protocol.epochs = [(START, settings)]
        votes = accelerated[protocol.stratum]
        behind = protocol.acceleration == 1 and sum(votes) / len(votes) >= 0.6
        if protocol.station.is_control:
            protocol.kind = "control"
        elif high:
            continue
        elif protocol.targeted:
            protocol.kind = "old coil"
        elif behind:
            protocol.kind = "acceleration"
        elif settings.nex == 2 and settings.oversampling == 0 and vendor != "ge":
            protocol.kind = "no oversampling" if protocol.level == 2 else "usual"


def _align_levels(seed: int, protocols: list[Protocol]) -> None:
    """Give R 1 the level of R 2 where most devices accelerate, so that only R differs there."""
    votes: dict[Stratum, list[bool]] = defaultdict(list)
    for protocol in protocols:
        votes[protocol.stratum].append(protocol.acceleration > 1)
    for protocol in protocols:
        share = sum(votes[protocol.stratum]) / len(votes[protocol.stratum])
        if not protocol.targeted and protocol.acceleration == 1 and share >= 0.6:
            protocol.level = right_level(seed, protocol.stratum, accelerated=True)


def build_protocols(seed: int, devices: list[Station]) -> list[Protocol]:
    """Return the protocols of all scanners with their settings of the first day."""
    protocols: list[Protocol] = []
    for station in devices:
        rng = random.Random(f"{seed}-protocols-{station.index}")
        protocols.extend(_draft(rng, seed, station))
    for index, protocol in enumerate(protocols):
        protocol.index = index
    rng = random.Random(f"{seed}-kinds")
    _align_levels(seed, protocols)
    _choose_potential(rng, protocols, len(devices))
    _settle(rng, protocols)
    return protocols

"""The protocols of each scanner: their averaging, what is right, and how they change.

How ``potential`` is defined: see ``benchmarks.fleets.b.fleet.OutpatientChain``.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from dataclasses import dataclass, field, replace

from benchmarks.fleets.b.catalogue import OLD_COIL_ROLES, SEQUENCES, Sequence
from benchmarks.fleets.b.devices import Device
from benchmarks.fleets.b.physics import Scan
from benchmarks.fleets.b.texts import describe_sequence

__all__ = ["Protocol", "build_protocols", "console_nex", "old_coil_level"]

Averages = tuple[float, float]
"""NEX and phase oversampling."""

_LOW: dict[float, tuple[Averages, ...]] = {
    1.0: ((1, 0.0), (1, 0.0), (1, 0.05)),
    1.5: ((1, 0.5), (1, 0.5), (1, 0.55)),
    2.0: ((1, 1.0), (1, 1.0), (1, 0.9)),
    4.0: ((4, 0.0),),
}
_HIGH: dict[float, tuple[Averages, ...]] = {
    1.0: ((1, 0.5), (1, 0.8), (1, 1.0), (2, 0.0), (2, 0.0), (2, 0.0), (2, 0.0), (2, 0.1), (2, 0.2),
          (2, 0.3), (2, 0.5), (3, 0.0)),
    1.5: ((2, 0.0), (1, 1.0), (2, 0.1), (2, 0.2), (2, 0.3), (2, 0.5), (3, 0.0)),
    2.0: ((2, 0.3), (2, 0.4), (2, 0.5), (3, 0.0), (2, 0.5)),
}  # fmt: skip
_HIGH_FRACTIONAL: dict[float, tuple[Averages, ...]] = {
    1.0: ((1.5, 0.0), (2, 0.0), (2, 0.0), (2.5, 0.0), (3, 0.0), (1.8, 0.0)),
    1.5: ((2, 0.0), (2, 0.0), (2.5, 0.0), (2.2, 0.0), (3, 0.0)),
    2.0: ((2.5, 0.0), (3, 0.0), (3, 0.0), (2.6, 0.0), (2.8, 0.0)),
}
_POTENTIAL_SHARE = 282 / 63


def old_coil_level(level: float) -> float:
    """Give the averaging that is signed for an old coil where others need ``level``."""
    return {1.0: 2.0, 1.5: 2.0, 2.0: 3.0}[level]


@dataclass(slots=True)
class Protocol:
    """One protocol of one scanner.

    Attributes:
        device: The scanner.
        sequence: What is scanned.
        name: Unique within the scanner.
        name_in_header: What the scanner calls it.
        level: The averaging that is right at this anatomy, role, phase and field.
        kind: See the truth.
        course: See the truth.
        epochs: Settings by the day of the period from which they hold, in order.
        changed_day: Day of the one change, -1 without.
        relapsed_day: Day on which the change was undone, -1 without.
        is_harmed: Whether more scans are repeated after the change.
    """

    device: Device
    sequence: Sequence
    name: str
    name_in_header: str
    level: float
    kind: str = "usual"
    course: str = "none"
    epochs: list[tuple[int, Scan]] = field(default_factory=list)
    changed_day: int = -1
    relapsed_day: int = -1
    is_harmed: bool = False

    @property
    def first(self) -> Scan:
        """Settings of the first day."""
        return self.epochs[0][1]

    def scan_on(self, day: int) -> tuple[int, Scan]:
        """Give the number of the epoch and the settings of a day."""
        found = 0
        for number, (start, _) in enumerate(self.epochs):
            if start <= day:
                found = number
        return found, self.epochs[found][1]


def console_nex(protocol: Protocol, scan: Scan) -> float:
    """Give the averages as the console shows them; GE folds partial Fourier in below 1."""
    if protocol.device.model.vendor == "GE" and scan.partial_fourier < 1 and scan.nex == 1:
        return scan.partial_fourier
    return scan.nex


def _is_fractional(device: Device) -> bool:
    return device.model.vendor == "GE"


def _low(device: Device, level: float, rng: random.Random) -> Averages:
    if _is_fractional(device):
        return (level, 0.0)
    if level == 2.0 and rng.random() < 0.45:
        return (2, 0.0)
    if level == 1.5 and device.model.vendor == "Philips" and rng.random() < 0.3:
        return (1.5, 0.0)
    return rng.choice(_LOW[level])


def _high(device: Device, level: float, rng: random.Random) -> Averages:
    if _is_fractional(device):
        return rng.choice([a for a in _HIGH_FRACTIONAL[level] if a[0] * 2 == int(a[0] * 2)])
    if device.model.vendor == "Philips" and rng.random() < 0.5:
        return rng.choice(_HIGH_FRACTIONAL[level])
    return rng.choice(_HIGH[level])


def _acceleration(device: Device, sequence: Sequence, rng: random.Random) -> float:
    if sequence.family == "epi":
        return 2.0
    if sequence.family == "gre" or device.pat == "none":
        return 1.0
    odd = 1.5 if device.model.vendor in ("Canon", "Philips") and rng.random() < 0.12 else 2.0
    if device.pat == "mixed":
        return odd if rng.random() < 0.68 else 1.0
    return rng.choices((1.0, odd, 3.0), (0.06, 0.8, 0.14))[0]


def _partial_fourier(device: Device, sequence: Sequence, rng: random.Random) -> float:
    if sequence.family == "epi":
        return 1.0
    if device.model.encoding in ("siemens", "canon"):
        return rng.choices((1.0, 0.875, 0.75, 0.625), (0.72, 0.16, 0.08, 0.04))[0]
    if device.model.vendor == "GE":
        return 1.0
    return rng.choices((1.0, 0.875), (0.92, 0.08))[0]


def _scan(device: Device, sequence: Sequence, rng: random.Random) -> Scan:
    """Make the settings, apart from the averaging."""
    at_3t = device.model.field > 2
    tr = sequence.tr_ms * rng.uniform(0.92, 1.09) * (1.08 if at_3t else 1.0)
    own_lines = sequence.lines * device.matrix
    lines = 8 * round(own_lines / 8) if sequence.family != "epi" else sequence.lines
    columns = sequence.columns if sequence.family == "epi" else 16 * round(
        sequence.columns * device.matrix / 16
    )  # fmt: skip
    etl = sequence.etl if sequence.etl < 5 else sequence.etl + rng.choice((-2, -1, 0, 0, 1, 2))
    flip = {"gre": 25, "epi": 90}.get(sequence.family, rng.choice((120, 140, 150, 160)))
    if sequence.phase == "none" and "T1" in sequence.role and rng.random() < 0.3:
        flip = 90
    return Scan(
        family=sequence.family,
        plane=sequence.plane,
        tr_ms=float(round(tr)),
        te_ms=float(round(sequence.te_ms * rng.uniform(0.93, 1.07), 1)),
        ti_ms=float(round(sequence.ti_ms * (1.32 if at_3t and sequence.fat == "stir" else 1))),
        flip=flip,
        etl=etl,
        lines=min(lines, columns),
        columns=columns,
        fov_mm=float(sequence.fov_mm + rng.choice((-10, 0, 0, 10))),
        slices=max(3, sequence.slices + rng.choice((-3, -2, -2, -1, 0, 0, 1))),
        thickness_mm=round(sequence.thickness_mm * device.thickness, 1),
        packages=rng.choice(sequence.packages) + (rng.random() < 0.05),
        nex=1,
        oversampling=0,
        acceleration=_acceleration(device, sequence, rng),
        partial_fourier=_partial_fourier(device, sequence, rng),
        bandwidth=float(round(sequence.bandwidth * device.bandwidth)),
        fat="spair" if sequence.fat == "fs" and rng.random() < 0.3 else sequence.fat,
        preparation=round(rng.uniform(0.015, 0.06), 3),
    )


def _owned(device: Device, rng: random.Random) -> list[Protocol]:
    protocols = []
    for sequence in SEQUENCES:
        if sequence.anatomy not in device.anatomies or rng.random() >= sequence.owned:
            continue
        level = sequence.levels[1 if device.model.field > 2 else 0]
        scan = _scan(device, sequence, rng)
        name = f"{sequence.anatomy} {sequence.key}"
        text = describe_sequence(device, sequence, scan.fat, f"{device.index} {name}")
        protocol = Protocol(device, sequence, name, text, level)
        if sequence.family in ("epi", "gre") or sequence.variant == "3d":
            scan = replace(scan, packages=1)
        nex, oversampling = _low(device, level, rng)
        protocol.epochs = [(0, replace(scan, nex=nex, oversampling=oversampling))]
        protocols.append(protocol)
    return protocols


def _stratum(protocol: Protocol) -> tuple[str, str, str, float]:
    sequence = protocol.sequence
    return (sequence.anatomy, sequence.role, sequence.phase, protocol.device.model.field)


def _mark_old_coils(protocols: list[Protocol]) -> None:
    for protocol in protocols:
        sequence = protocol.sequence
        key = (sequence.anatomy, sequence.role, sequence.phase)
        if protocol.device.model.has_old_coil and key in OLD_COIL_ROLES:
            protocol.kind = "old coil"
            scan = replace(protocol.first, nex=old_coil_level(protocol.level), oversampling=0.0)
            protocol.epochs = [(0, scan)]


def _capacity(members: list[Protocol]) -> int:
    """Give how many of a group may be high, so that its lowest quarter surely is low."""
    count = len(members)
    low = max(math.ceil(0.25 * (count - 1)) + 1, math.ceil(0.42 * count))
    return count - low - sum(p.kind == "old coil" for p in members)


def _mark_potential(protocols: list[Protocol], count: int, rng: random.Random) -> None:
    groups: dict[tuple[object, ...], list[Protocol]] = defaultdict(list)
    for protocol in protocols:
        groups[(*_stratum(protocol), protocol.first.acceleration)].append(protocol)
    room = {key: _capacity(members) for key, members in groups.items()}
    candidates = [
        p
        for p in protocols
        if p.kind == "usual"
        and not p.device.is_control
        and not p.sequence.variant
        and p.sequence.family == "tse"
    ]
    spine = {id(p): p.sequence.anatomy == "lumbar spine" for p in candidates}
    candidates.sort(key=lambda p: rng.random() * (0.45 if spine[id(p)] else 1.0))
    # Each scanner gets one before any gets its second, then as the lot falls.
    turns: dict[int, int] = defaultdict(int)
    order = []
    for protocol in candidates:
        turns[protocol.device.index] += 1
        order.append((turns[protocol.device.index] > 1, protocol))
    order.sort(key=lambda item: item[0])
    left = count
    for _, protocol in order:
        key = (*_stratum(protocol), protocol.first.acceleration)
        if left and room[key] > 0:
            room[key] -= 1
            left -= 1
            protocol.kind = "potential"
            nex, oversampling = _high(protocol.device, protocol.level, rng)
            scan = replace(protocol.first, nex=nex, oversampling=oversampling, partial_fourier=1.0)
            protocol.epochs = [(0, _equal_image(protocol, scan))]


def _equal_image(protocol: Protocol, scan: Scan) -> Scan:
    """See that no smaller voxel or wider bandwidth excuses a high averaging."""
    sequence = protocol.sequence
    return replace(
        scan,
        thickness_mm=max(scan.thickness_mm, sequence.thickness_mm),
        lines=min(scan.lines, sequence.lines),
        columns=min(scan.columns, sequence.columns),
        bandwidth=min(scan.bandwidth, round(sequence.bandwidth * 1.05)),
    )


def _mark_others(protocols: list[Protocol]) -> None:
    strata: dict[tuple[object, ...], list[float]] = defaultdict(list)
    for protocol in protocols:
        strata[_stratum(protocol)].append(protocol.first.acceleration)
    for protocol in protocols:
        scan, usual = protocol.first, strata[_stratum(protocol)]
        if protocol.device.is_control:
            protocol.kind = "control"
        elif protocol.kind != "usual":
            continue
        elif scan.acceleration == 1 and usual.count(2.0) > len(usual) / 2:
            protocol.kind = "acceleration"
        elif protocol.level == 2.0 and scan.nex == 2 and not _is_fractional(protocol.device):
            protocol.kind = "no oversampling"


def build_protocols(seed: int, devices: list[Device]) -> list[Protocol]:
    """Build the protocols of all scanners as they are on the first day."""
    protocols: list[Protocol] = []
    for device in devices:
        protocols += _owned(device, random.Random(f"protocols {seed} {device.index}"))
    rng = random.Random(f"kinds {seed}")
    _mark_old_coils(protocols)
    _mark_potential(protocols, round(_POTENTIAL_SHARE * len(devices)), rng)
    _mark_others(protocols)
    for protocol in protocols:
        if protocol.kind != "usual" or not _is_fractional(protocol.device):
            continue
        if protocol.level == 1.0 and protocol.first.family == "tse" and rng.random() < 0.05:
            protocol.epochs = [(0, replace(protocol.first, partial_fourier=0.75))]
    return protocols

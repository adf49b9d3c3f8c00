"""Settings of a protocol on its first day: the sequence as this scanner runs it."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from benchmarks.fleets.a.physics import Settings, with_averaging
from benchmarks.fleets.a.protocol import Protocol

__all__ = ["make_localizer", "make_settings"]

_FOV = {
    ("lumbar spine", "sag"): 280,
    ("lumbar spine", "ax"): 200,
    ("lumbar spine", "cor"): 300,
    ("cervical spine", "sag"): 240,
    ("cervical spine", "ax"): 180,
    ("knee", "sag"): 165,
    ("knee", "cor"): 165,
    ("knee", "ax"): 160,
    ("brain", "ax"): 230,
    ("brain", "cor"): 220,
}


def _image(rng: random.Random, protocol: Protocol, high: bool) -> tuple[int, int, float, float]:
    """Return columns, lines, thickness and field of view; potentials have no finer voxels."""
    sequence, station = protocol.sequence, protocol.station
    plane = sequence.role.split()[0]
    factor = station.voxel * rng.uniform(0.95, 1.05)
    if high:
        factor = max(factor, rng.uniform(1.0, 1.15))
    lines_factor = {"fast": 0.82, "slow": 1.18}.get(protocol.variant, 1.0)
    factor /= lines_factor
    columns = round(sequence.columns * rng.uniform(0.92, 1.08) / 16) * 16
    lines = round(sequence.lines * lines_factor * rng.uniform(0.9, 1.1) / 8) * 8
    thickness = round(sequence.thickness * rng.choice((0.88, 1.0, 1.0, 1.0, 1.13)) * 2) / 2
    fov = float(_FOV[protocol.anatomy, plane])
    voxel = fov**2 / (sequence.columns * sequence.lines) * sequence.thickness * factor
    fov = float(round(math.sqrt(voxel * columns * lines / thickness)))
    if sequence.family == "dwi":
        columns = lines = sequence.lines
        fov = float(round(230 * math.sqrt(factor)))
    return columns, min(lines, columns), thickness, fov


def _packages(rng: random.Random, protocol: Protocol) -> tuple[int, float, int, int]:
    """Return concatenations, TR, echo train length and slices."""
    sequence = protocol.sequence
    packages = rng.choices((1, 2, 3), sequence.packages)[0]
    tr = sequence.tr * rng.uniform(0.9, 1.14)
    etl = sequence.etl + rng.choice((-1, 0, 0, 1)) * (sequence.etl > 1)
    slices = sequence.slices + rng.randint(-2, 2)
    if sequence.family in ("tse", "ir") and etl > 6:
        etl += rng.randint(-2, 2)
        if packages > 1:
            tr *= 0.82
    if packages == 2 and sequence.etl == 4 and rng.random() < 0.5:
        slices, tr, etl = 15, 560.0, 4  # too many for one package at a T1 repetition time
    if protocol.variant == "fast":
        etl, tr = round(etl * 1.4), tr * 0.92
    elif protocol.variant == "slow":
        tr *= 1.1
    if sequence.family == "gre3d":
        slices, etl = rng.choice((24, 28, 32, 36, 40)), 1
    return packages, float(round(tr)), etl, slices


def make_settings(
    rng: random.Random, protocol: Protocol, form: tuple[float, float], high: bool
) -> Settings:
    """Return the settings of a protocol.

    Args:
        rng: Source of chance.
        protocol: The protocol.
        form: NEX and oversampling.
        high: Whether these are more than fair peers need.
    """
    sequence, station = protocol.sequence, protocol.station
    columns, lines, thickness, fov = _image(rng, protocol, high)
    packages, tr, etl, slices = _packages(rng, protocol)
    bandwidth = sequence.bandwidth * station.bandwidth * rng.uniform(0.95, 1.05)
    if high:
        bandwidth = min(bandwidth, sequence.bandwidth * rng.uniform(0.85, 1.0))
    if protocol.variant == "fast":
        bandwidth *= 1.2
    dummies = {"ge": 1.02, "siemens": 1.03}.get(station.model.vendor, 1.025)
    settings = Settings(
        family=sequence.family,
        tr=tr,
        te=round(sequence.te * rng.uniform(0.94, 1.06), 1),
        ti=float(round(sequence.ti * (1.15 if station.model.field_t > 2 else 1.0))),
        etl=etl,
        columns=columns,
        lines=lines,
        slices=max(5, slices),
        thickness=thickness,
        gap=round(thickness * rng.choice((0.1, 0.1, 0.2)), 2) * (sequence.family != "gre3d"),
        fov=fov,
        bandwidth=float(round(bandwidth)),
        packages=packages,
        nex=1.0,
        oversampling=0.0,
        no_phase_wrap=station.model.vendor == "ge" and form[0] >= 1 and rng.random() < 0.6,
        partial_fourier=protocol.partial_fourier,
        acceleration=protocol.acceleration,
        flip=float({"gre3d": 8, "dwi": 90}.get(sequence.family, rng.choice((90, 150, 160, 180)))),
        preparation=round(dummies + rng.uniform(-0.01, 0.015), 4),
    )
    if sequence.family in ("gre3d", "dwi"):
        form = (form[0], 0.0) if sequence.family == "dwi" else form
    settings = with_averaging(settings, *form)
    while settings.scan_time_s > 420 and settings.packages > 1:
        settings = replace(settings, packages=settings.packages - 1)
    while settings.scan_time_s > 540 and settings.family in ("tse", "ir"):
        settings = replace(settings, etl=settings.etl + 1)
    return settings


def make_localizer() -> Settings:
    """Return the settings of a localizer in three planes."""
    return Settings(
        family="loc", tr=7.0, te=3.2, ti=0.0, etl=1, columns=256, lines=192, slices=7,
        thickness=7.0, gap=1.4, fov=400.0, bandwidth=320.0, packages=1, nex=1.0,
        oversampling=0.0, no_phase_wrap=False, partial_fourier=1.0, acceleration=1.0, flip=20.0,
        preparation=1.05,
    )  # fmt: skip

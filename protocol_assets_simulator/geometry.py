"""Where the slices of a scan lie in the patient coordinate system (PS3.3 C.7.6.2.1.1)."""

from __future__ import annotations

import math
from typing import NamedTuple

from protocol_assets_simulator.scan import Scan

Vector = tuple[float, float, float]


class Slice(NamedTuple):
    """Direction cosines, position of the first voxel and location along the normal, in mm."""

    orientation: tuple[float, ...]
    position: Vector
    location: float


def _axes(plane: str, tilt_deg: float) -> tuple[Vector, Vector]:
    cos, sin = math.cos(math.radians(tilt_deg)), math.sin(math.radians(tilt_deg))
    match plane:
        case "sag":
            return (sin, cos, 0.0), (0.0, 0.0, -1.0)
        case "cor":
            return (1.0, 0.0, 0.0), (0.0, -sin, -cos)
        case _:
            return (1.0, 0.0, 0.0), (0.0, cos, sin)


def _stack(plane: str, tilt_deg: float, count: int, spacing: float, fov: float) -> list[Slice]:
    row, column = _axes(plane, tilt_deg)
    normal = (
        row[1] * column[2] - row[2] * column[1],
        row[2] * column[0] - row[0] * column[2],
        row[0] * column[1] - row[1] * column[0],
    )
    orientation = tuple(round(value, 6) + 0.0 for value in (*row, *column))
    slices = []
    for index in range(count):
        along = (index - (count - 1) / 2) * spacing
        x, y, z = (
            round(n * along - fov / 2 * (r + c), 4) + 0.0
            for r, c, n in zip(row, column, normal, strict=True)
        )
        slices.append(Slice(orientation, (x, y, z), round(along, 4)))
    return slices


def slices(scan: Scan) -> list[Slice]:
    """The slices of a scan in image order; a three-plane localizer holds three short stacks."""
    protocol = scan.protocol
    spacing = protocol.slice_thickness_mm + protocol.slice_gap_mm
    if protocol.plane != "three":
        stack = _stack(protocol.plane, scan.tilt_deg, scan.slices, spacing, protocol.fov_mm)
        return stack * (scan.images // scan.slices)
    return [
        entry
        for plane in ("sag", "cor", "ax")
        for entry in _stack(plane, 0.0, scan.slices // 3, 3 * spacing, protocol.fov_mm)
    ]

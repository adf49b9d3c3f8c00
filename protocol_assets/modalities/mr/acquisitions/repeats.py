"""Repeats: a scan of the same role and geometry once more, or another station of a stack.

Slabs are compared where they lie: by the centre, size and direction of what the images cover. A
Siemens mosaic states the corner of the mosaic, which shifts as its slab does.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

from protocol_assets.modalities.shared.header_texts import Texts
from protocol_assets.modalities.shared.limits import limit
from protocol_assets.modalities.shared.row import Row, number, numbers, positive
from protocol_assets.modalities.shared.texts import TextRules

__all__ = ["Repeatable", "Slab", "is_dynamic", "named", "repeat_kinds", "slab"]

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Slab:
    """What a series covers, in the patient's coordinates (mm).

    Attributes:
        centre: Its centre.
        axes: Unit vectors along rows, along columns, and through the slices.
        extent: Its size along each of them.
    """

    centre: Vector
    axes: tuple[Vector, Vector, Vector]
    extent: Vector


@dataclass(frozen=True, slots=True)
class Repeatable:
    """One series as its repeats are found.

    Attributes:
        exam: Identifier of the exam.
        acquisition: Identifier of the acquisition.
        start: Start on an even clock.
        purpose: Role and what else must be alike: contrast phase, fat suppression, 2D or 3D.
        anatomy: Body region, None where unknown.
        slab: What it covers, None where the header does not tell.
        station: Which station of a stack the text names, None where it names none.
        direction: Which way the text says that the phase is encoded, None where it does not.
    """

    exam: str
    acquisition: str
    start: datetime
    purpose: tuple[object, ...]
    anatomy: str | None
    slab: Slab | None
    station: str | None
    direction: str | None


def slab(row: Row) -> Slab | None:
    """What a series covers; None where orientation, position or size are missing.

    Image Position (Patient) is the smallest of the series, which is that of an outermost slice: the
    slices lie from there in the direction in which the position grows.
    """
    cosines, corner = numbers(row, "ImageOrientationPatient"), numbers(row, "ImagePositionPatient")
    spacing = numbers(row, "PixelSpacing")
    rows, columns = positive(row, "Rows"), positive(row, "Columns")
    thickness = positive(row, "SliceThickness")
    if len(cosines) != 6 or len(corner) != 3 or len(spacing) != 2 or not rows or not columns:
        return None
    along, down = _vector(cosines[:3]), _vector(cosines[3:])
    normal = _cross(along, down)
    length = math.sqrt(_dot(normal, normal))
    if not 0.9 < length < 1.1 or min(spacing) <= 0 or thickness is None:
        return None
    leading = next((part for part in normal if abs(part) > 1e-4), 1.0)
    through = _scaled(normal, math.copysign(1.0, leading) / length)
    slices = positive(row, "ImagePositionPatient_distinct") or 1.0
    between = positive(row, "SpacingBetweenSlices") or thickness
    depth = (slices - 1) * between
    extent = (columns * spacing[1], rows * spacing[0], depth + thickness)
    centre = _vector(corner)
    for axis, size in ((along, extent[0]), (down, extent[1]), (through, depth)):
        centre = _plus(centre, _scaled(axis, size / 2))
    values = (*centre, *extent, *through)
    if not all(math.isfinite(value) for value in values):
        return None
    return Slab(centre, (along, down, through), extent)


def named(kind: Literal["station", "direction"], texts: Texts) -> str | None:
    """The station or direction that the text names, None where it names none or several."""
    terms = _rules(kind).terms(*texts)
    return next(iter(terms)) if len(terms) == 1 else None


def is_dynamic(row: Row, texts: Texts) -> bool:
    """Whether the scan is repeated on purpose: time points, phases of a bolus, functional runs."""
    is_series = (number(row, "NumberOfTemporalPositions") or 1) > 1
    return is_series or bool(_rules("dynamic").terms(*texts))


def repeat_kinds(scans: Sequence[Repeatable | None]) -> list[Literal["rescan", "stack"] | None]:
    """For each series ``rescan``, ``stack`` or None, in order.

    A later acquisition of an exam with the purpose, field of view and direction of an earlier one
    is a rescan where the two overlap, and another station where it overlaps with none: where the
    centres are further apart, along any axis, than half of what is covered there, or the texts name
    two stations. Without a slab nothing shows the geometry, and only the texts may tell.

    Args:
        scans: Counted originals; None for every other series.
    """
    by_purpose: dict[object, dict[str, list[Repeatable]]] = defaultdict(lambda: defaultdict(list))
    for scan in scans:
        if scan is not None:
            by_purpose[scan.exam, scan.purpose][scan.acquisition].append(scan)
    kinds: dict[str, Literal["rescan", "stack"]] = {}
    for acquisitions in by_purpose.values():
        if len(acquisitions) < 2:
            continue
        earlier: list[Repeatable] = []
        for scan in sorted((_standing_for(a) for a in acquisitions.values()), key=_in_time):
            alike = [kind for other in earlier if (kind := _compared(other, scan)) is not None]
            if alike:
                kinds[scan.acquisition] = "rescan" if "rescan" in alike else "stack"
            earlier.append(scan)
    return [None if scan is None else kinds.get(scan.acquisition) for scan in scans]


def _standing_for(acquisition: Sequence[Repeatable]) -> Repeatable:
    return min(acquisition, key=lambda scan: (scan.slab is None, _in_time(scan), repr(scan.slab)))


def _in_time(scan: Repeatable) -> tuple[datetime, str]:
    return (scan.start, scan.acquisition)


def _compared(first: Repeatable, second: Repeatable) -> Literal["rescan", "stack"] | None:
    if _differ(first.anatomy, second.anatomy) or _differ(first.direction, second.direction):
        return None
    if _differ(first.station, second.station):
        return "stack"
    if first.slab is None or second.slab is None or not _is_alike(first.slab, second.slab):
        return None
    return "rescan" if _overlap(first.slab, second.slab) else "stack"


def _differ(first: str | None, second: str | None) -> bool:
    return first is not None and second is not None and first != second


def _is_alike(first: Slab, second: Slab) -> bool:
    """The same field of view in the same direction; the number of slices may differ."""
    share = 1 + limit("repeat_field_of_view")
    fields = sorted(first.extent[:2]), sorted(second.extent[:2])
    same_size = all(a / b <= share and b / a <= share for a, b in zip(*fields, strict=True))
    cosine = abs(_dot(first.axes[2], second.axes[2]))
    return same_size and cosine >= math.cos(math.radians(limit("repeat_angle")))


def _overlap(first: Slab, second: Slab) -> bool:
    between = _plus(second.centre, _scaled(first.centre, -1.0))
    return all(
        abs(_dot(between, axis)) <= size * limit("station_apart")
        for axis, size in zip(first.axes, first.extent, strict=True)
    )


def _vector(values: Sequence[float]) -> Vector:
    x, y, z = values
    return (x, y, z)


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _plus(a: Vector, b: Vector) -> Vector:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def _scaled(a: Vector, factor: float) -> Vector:
    return (a[0] * factor, a[1] * factor, a[2] * factor)


@cache
def _rules(kind: str) -> TextRules:
    return TextRules("repeats_text.csv", "term", kind)

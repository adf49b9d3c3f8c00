"""How each device runs each protocol over the period: the truth of potential and of change.

The share of protocols that average more than needed, their averages before and after, and the
protocols that average twice for good reason are those of the source project, at any fleet size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from protocol_assets_simulator import catalogue
from protocol_assets_simulator.catalogue import Scanner
from protocol_assets_simulator.ground_truth import (
    CONTROLS,
    DESCRIBED,
    GroundTruth,
    Kind,
    Place,
    averages_instead,
    draw_ground_truth,
    scaled,
)
from protocol_assets_simulator.randomness import seeded

RELAPSES: Final = 5
"""Of 54 scanners that change."""

CHANGES_FROM_DAY: Final = 150
CHANGES_OVER_DAYS: Final = 90
RELAPSE_AFTER_DAYS: Final = 60
FOLLOWS_LATER: Final = 0.2
PARTIAL_FOURIER: Final = 0.06


@dataclass(frozen=True, slots=True)
class Setting:
    """How a device runs a protocol; the preparation is a fixed part of its scan time in s."""

    nex: float
    acceleration: int
    phase_oversampling: float
    partial_fourier: float
    tr_ms: float
    preparation_s: float
    has_no_phase_wrap: bool = False


@dataclass(frozen=True, slots=True)
class DeviceProtocol:
    """A protocol of a scanner: its setting, what it should be, and when it became so.

    Attributes:
        scanner: The scanner's number in the fleet, from 0.
        protocol: The protocol's name.
        kind: Potential, a reason to average twice, or none.
        before: The setting at the start of the period.
        after: The setting without what is more than needed; `before` where there is no potential.
        changed_on: First day of `after`; None if that lies beyond the period.
        relapsed_on: First day of `before` again.
        is_control: Whether no protocol of this scanner ever changes.
        is_planted: Whether it is the one whose averages of 3 compliance checks must find.
    """

    scanner: int
    protocol: str
    kind: Kind
    before: Setting
    after: Setting
    changed_on: date | None = None
    relapsed_on: date | None = None
    is_control: bool = False
    is_planted: bool = False

    def on(self, day: date) -> Setting:
        """The setting on a day."""
        if self.changed_on is None or day < self.changed_on:
            return self.before
        if self.relapsed_on is not None and day >= self.relapsed_on:
            return self.before
        return self.after


@dataclass(frozen=True, slots=True)
class Variant:
    """What makes a fleet harder: preparation in s (least, most), TR changed along with NEX."""

    preparation_s: tuple[float, float] = (0.0, 3.0)
    tr_follows_nex: bool = False


def device_protocols(
    seed: int,
    scanners: Sequence[Scanner],
    scans_in_90_days: dict[Place, float],
    start: date,
    end: date,
    variant: Variant,
) -> dict[Place, DeviceProtocol]:
    """Every protocol of every scanner, by its place; deterministic in the arguments.

    Args:
        seed: The fleet's seed.
        scanners: The fleet.
        scans_in_90_days: How often a scanner runs a protocol; places it never runs are absent.
        start: First day of the period.
        end: Last day of the period.
        variant: Preparation and repetition times.
    """
    ground_truth = draw_ground_truth(seed, scanners, scans_in_90_days)
    dates = _change_dates(seed, ground_truth.changing, start)
    result = {}
    for place in sorted(scans_in_90_days):
        drawn = _device_protocol(seed, scanners[place[0]], place, ground_truth, variant)
        if drawn.kind == "potential":
            changed_on, relapsed_on = dates[place]
            changes = changed_on <= end
            drawn = replace(
                drawn,
                changed_on=changed_on if changes else None,
                relapsed_on=relapsed_on if changes and (relapsed_on or date.max) <= end else None,
            )
        result[place] = drawn
    return result


def _change_dates(
    seed: int, changing: Sequence[int], start: date
) -> dict[Place, tuple[date, date | None]]:
    """Day of change and of relapse of every place: one visit a scanner, some protocols later."""
    order = list(changing)
    rng = seeded(seed, "changes")
    rng.shuffle(order)
    relapsing = set(rng.sample(order, scaled(RELAPSES, len(order), DESCRIBED - CONTROLS)))
    last = CHANGES_FROM_DAY + CHANGES_OVER_DAYS
    dates: dict[Place, tuple[date, date | None]] = {}
    for rank, number in enumerate(order):
        visit = CHANGES_FROM_DAY + round(CHANGES_OVER_DAYS * rank / max(len(order) - 1, 1))
        for name in catalogue.protocols():
            own = seeded(seed, "change", number, name)
            later = own.randint(1, 14) if own.random() < FOLLOWS_LATER else 0
            changed_on = start + timedelta(days=min(visit + later, last))
            relapsed_on = changed_on + timedelta(days=RELAPSE_AFTER_DAYS)
            dates[number, name] = changed_on, relapsed_on if number in relapsing else None
    return dates


def _device_protocol(
    seed: int, scanner: Scanner, place: Place, ground_truth: GroundTruth, variant: Variant
) -> DeviceProtocol:
    """The place with its settings, not yet dated."""
    number, name = place
    is_control = number in ground_truth.controls
    protocol = catalogue.protocols()[name]
    rng = seeded(seed, "setting", scanner.station, name)
    tr_ms = protocol.tr_ms
    if protocol.kind != "gre_sequential":
        tr_ms = round(tr_ms * rng.uniform(0.95, 1.06) / 10) * 10
    preparation_s = round(rng.uniform(*variant.preparation_s), 1)
    longer = rng.uniform(1.05, 1.2)
    # elsewhere no header tells how much is left out
    tells = scanner.vendor == "siemens" and scanner.encoding == "classic"
    partial = rng.random() < PARTIAL_FOURIER and tells
    if place not in ground_truth.nex:
        fourier = 0.75 if protocol.kind == "epi" else 1.0
        setting = Setting(protocol.nex, 1, 0.0, fourier, tr_ms, preparation_s)
        return DeviceProtocol(number, name, "none", setting, setting, is_control=is_control)
    kind: Kind = ground_truth.kinds.get(place, "none")
    is_oversampled = place in ground_truth.oversampled
    before = Setting(
        nex=ground_truth.nex[place],
        acceleration=2 if kind == "legitimate_acceleration" else 1,
        phase_oversampling=1.0 if is_oversampled and not averages_instead(scanner) else 0.0,
        partial_fourier=0.875 if partial else 1.0,
        tr_ms=tr_ms,
        preparation_s=preparation_s,
        has_no_phase_wrap=scanner.vendor == "ge" and (is_oversampled or longer > 1.17),
    )
    after = before
    if kind == "potential":
        after = replace(before, nex=2.0 if place in ground_truth.two_after else 1.0)
        if variant.tr_follows_nex:
            after = replace(after, tr_ms=round(tr_ms * longer / 10) * 10)
    return DeviceProtocol(
        number,
        name,
        kind,
        before,
        after,
        is_control=is_control,
        is_planted=place == ground_truth.planted,
    )

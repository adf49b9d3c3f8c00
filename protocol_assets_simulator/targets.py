"""The targets that the sites have signed: what old coils need, in the form of a governance file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from protocol_assets_simulator import catalogue
from protocol_assets_simulator.catalogue import Scanner
from protocol_assets_simulator.fleet import Fleet

_SIGNED_BEFORE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class SignedTarget:
    """One signed target; None leaves a part of its scope open."""

    scope_vendor: str
    scope_model: str
    scope_field_t: float
    scope_reconstruction: str | None
    anatomy: str
    role: str
    contrast_phase: str | None
    dimension: str
    effective_averages_target: float
    valid_from: date
    valid_to: date | None
    approver: str
    reason: str


def signed_targets(fleet: Fleet) -> Iterator[SignedTarget]:
    """One target for each role of each model with old coils in the fleet."""
    models: dict[tuple[str, str], Scanner] = {
        (scanner.vendor, scanner.model): scanner
        for scanner in fleet.scanners
        if scanner.has_old_coils
    }
    protocols = catalogue.protocols().values()
    roles = dict.fromkeys((one.anatomy, one.role) for one in protocols if one.potential is not None)
    for scanner in models.values():
        for anatomy, role in roles:
            yield SignedTarget(
                scope_vendor=scanner.vendor,
                scope_model=scanner.model,
                scope_field_t=scanner.field_strength_t,
                scope_reconstruction=None,
                anatomy=anatomy,
                role=role,
                contrast_phase=None,
                dimension="2d",
                effective_averages_target=2.0,
                valid_from=fleet.start - _SIGNED_BEFORE,
                valid_to=None,
                approver="Head of radiology",
                reason="The coils of this model need two averages until they are replaced",
            )

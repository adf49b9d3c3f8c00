"""The truth of scanners and of their protocols."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from protocol_assets_simulator import catalogue
from protocol_assets_simulator.device_protocols import Setting
from protocol_assets_simulator.fleet import Fleet
from protocol_assets_simulator.roster import Episodes


@dataclass(frozen=True, slots=True)
class ScannerTruth:
    """The truth of a scanner; `serial_after` is None if its serial number never changed."""

    station: str
    site: str
    vendor: str
    manufacturer: str
    model: str
    field_strength_t: float
    encoding: str
    reconstruction: str
    has_old_coils: bool
    is_control: bool
    serial: str
    serial_changed_on: date | None
    serial_after: str | None
    upgraded_on: date | None
    software: str
    software_after: str | None
    clock_offset_s: int
    writes: str
    language: str


@dataclass(frozen=True, slots=True)
class ProtocolTruth:
    """The truth of a protocol on a scanner.

    Attributes:
        station: Names the scanner for good.
        device_serial: Its serial number on the day before the change (else on the last day).
        kind: `potential`; `legitimate_no_oversampling`, `legitimate_old_coil` or
            `legitimate_acceleration` for an average more that is needed; `none`.
        effective_averages_target: What the protocol needs.
        changed_on: First day of the settings after; None if nothing changed in the period.
        relapsed_on: First day of the settings before again.
        is_planted: Whether it is the one scanner with 3 averages that a compliance check must find.
    """

    station: str
    device_serial: str
    site: str
    vendor: str
    model: str
    field_strength_t: float
    encoding: str
    reconstruction: str
    protocol: str
    anatomy: str
    role: str
    contrast_phase: str
    kind: str
    is_control: bool
    is_planted: bool
    changed_on: date | None
    relapsed_on: date | None
    nex_before: float
    nex_after: float
    effective_averages_before: float
    effective_averages_after: float
    effective_averages_target: float
    phase_oversampling: float
    acceleration: int
    tr_before_ms: float
    tr_after_ms: float
    preparation_s: float


def scanners(fleet: Fleet) -> Iterator[ScannerTruth]:
    """The truth of every scanner, in the fleet's order."""
    controls = {record.scanner for record in fleet.device_protocols if record.is_control}
    for number, scanner in enumerate(fleet.scanners):
        episode = fleet.episodes.get(number, Episodes())
        last = fleet.scanner_on(number, fleet.end)
        yield ScannerTruth(
            station=scanner.station,
            site=scanner.site.name,
            vendor=scanner.vendor,
            manufacturer=scanner.manufacturer,
            model=scanner.model,
            field_strength_t=scanner.field_strength_t,
            encoding=scanner.encoding,
            reconstruction=scanner.reconstruction,
            has_old_coils=scanner.has_old_coils,
            is_control=number in controls,
            serial=scanner.serial,
            serial_changed_on=episode.serial_changed_on,
            serial_after=last.serial if last.serial != scanner.serial else None,
            upgraded_on=episode.upgraded_on,
            software="\\".join(scanner.software),
            software_after="\\".join(last.software) if last.is_renamed else None,
            clock_offset_s=episode.clock_offset_s,
            writes=scanner.writes,
            language=scanner.language,
        )


def protocols(fleet: Fleet) -> Iterator[ProtocolTruth]:
    """The truth of every protocol of every scanner."""
    after_contrast = {
        step.protocol.name
        for exam in catalogue.exams()
        for step in exam.steps
        if step.after_contrast
    }
    for record in fleet.device_protocols:
        protocol = catalogue.protocols()[record.protocol]
        scanner = fleet.scanner_on(record.scanner, record.changed_on or fleet.end)
        before = _effective(record.before, protocol)
        after = _effective(record.after, protocol)
        yield ProtocolTruth(
            station=scanner.station,
            device_serial=scanner.serial,
            site=scanner.site.name,
            vendor=scanner.vendor,
            model=scanner.model,
            field_strength_t=scanner.field_strength_t,
            encoding=scanner.encoding,
            reconstruction=scanner.reconstruction,
            protocol=record.protocol,
            anatomy=protocol.anatomy,
            role=protocol.role,
            contrast_phase="post" if record.protocol in after_contrast else "none",
            kind=record.kind,
            is_control=record.is_control,
            is_planted=record.is_planted,
            changed_on=record.changed_on,
            relapsed_on=record.relapsed_on,
            nex_before=record.before.nex,
            nex_after=record.after.nex,
            effective_averages_before=before,
            effective_averages_after=after,
            effective_averages_target=after,
            phase_oversampling=record.before.phase_oversampling,
            acceleration=record.before.acceleration,
            tr_before_ms=record.before.tr_ms,
            tr_after_ms=record.after.tr_ms,
            preparation_s=record.before.preparation_s,
        )


def _effective(setting: Setting, protocol: catalogue.Protocol) -> float:
    lines = round(
        protocol.matrix_phase * (1 + setting.phase_oversampling) * setting.partial_fourier
    )
    return round(setting.nex * lines / protocol.matrix_phase / setting.acceleration, 4)

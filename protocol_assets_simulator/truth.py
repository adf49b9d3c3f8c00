"""What really happened: tables for tests, benchmarks and demonstrations, never for the platform."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from protocol_assets_simulator.device_truth import ProtocolTruth, ScannerTruth, protocols, scanners
from protocol_assets_simulator.exam_plan import diligence
from protocol_assets_simulator.fleet import Fleet
from protocol_assets_simulator.scan import Scan, Study
from protocol_assets_simulator.targets import SignedTarget, signed_targets


@dataclass(frozen=True, slots=True)
class SeriesTruth:
    """The truth of a series.

    `nex`, `effective_averages` and `scan_time_s` hold even where the header omits them; they and
    `role` are None for a report. `acquisition` is shared by the series of one scan of an exam, and
    the exam by all studies that show it. `is_counted` marks the one series that stands for its
    acquisition: no localizer, nothing derived, no second series of a scan, no second copy.
    """

    series_uid: str
    study_uid: str
    exam_index: int
    study_date: date
    patient_number: int
    site: str
    station: str
    vendor: str
    model: str
    device_serial: str
    field_strength_t: float
    encoding: str
    exam: str
    protocol: str
    anatomy: str
    role: str | None
    contrast_phase: str
    acquisition: int | None
    start_s: float
    scan_time_s: float | None
    tr_ms: float | None
    nex: float | None
    effective_averages: float | None
    acceleration: int | None
    phase_oversampling: float | None
    slices: int | None
    instances: int
    images: int
    is_counted: bool
    is_localizer: bool
    is_derived: bool
    is_report: bool
    is_sibling: bool
    is_copy: bool
    is_rescan: bool
    is_override: bool
    missing_nex: bool
    missing_private_nex: bool
    body_part: str | None
    time_text: str
    defect: str


@dataclass(frozen=True, slots=True)
class StudyTruth:
    """The truth of a study; the times are those of the scans that it holds itself.

    `span_s` is from the first start to the last end, `gap_s` what of it nothing was scanned.
    `arrived_on` is the day from which the site's own PACS holds it, `elsewhere_on` another's.
    """

    study_uid: str
    exam_index: int
    study_date: date
    patient_number: int
    site: str
    station: str
    exam: str
    incident: str
    planted: str
    part: int
    arrived_on: date
    elsewhere_on: date | None
    pace: float
    series: int
    scans: int
    scan_time_s: float
    span_s: float
    gap_s: float


def series_truth(scan: Scan) -> SeriesTruth:
    """The truth of one scan."""
    study, scanner = scan.study, scan.study.scanner
    is_report = scan.purpose in ("report", "phoenix")
    contrast = any(step.after_contrast for step in study.exam.steps)
    phase = "post" if scan.has_contrast else "pre" if contrast else "none"
    is_copy = study.salt != 0
    return SeriesTruth(
        series_uid=scan.series_uid,
        study_uid=study.study_uid,
        exam_index=study.exam_index,
        study_date=study.day,
        patient_number=study.patient.number,
        site=scanner.site.name,
        station=scanner.station,
        vendor=scanner.vendor,
        model=scanner.model,
        device_serial=scanner.serial,
        field_strength_t=scanner.field_strength_t,
        encoding=scanner.encoding,
        exam=study.exam.name,
        protocol=scan.protocol.name,
        anatomy=study.exam.anatomy,
        role=None if is_report else scan.protocol.role,
        contrast_phase=phase,
        acquisition=None if is_report else scan.acquisition,
        start_s=round(scan.start_s, 3),
        scan_time_s=None if scan.duration_s == 0 else round(scan.duration_s, 3),
        tr_ms=None if is_report else scan.tr_ms,
        nex=None if is_report else scan.nex,
        effective_averages=None if is_report else round(scan.effective_averages, 4),
        acceleration=None if is_report else scan.acceleration,
        phase_oversampling=None if is_report else scan.phase_oversampling,
        slices=None if is_report else scan.slices,
        instances=scan.instances,
        images=0 if is_report else scan.images,
        is_counted=scan.purpose == "image" and not scan.is_second and not is_copy,
        is_localizer=scan.purpose == "localizer",
        is_derived=scan.purpose == "derived",
        is_report=is_report,
        is_sibling=scan.is_second,
        is_copy=is_copy,
        is_rescan=scan.is_rescan,
        is_override=scan.is_override,
        missing_nex=is_report or scan.omits_nex,
        missing_private_nex=scan.omits_private_nex,
        body_part=scan.body_part,
        time_text=scan.time_text,
        defect=scan.defect,
    )


def fleet_truth(fleet: Fleet) -> Iterator[SeriesTruth]:
    """The truth of every series of a fleet."""
    for study in fleet.studies(None, fleet.start, fleet.end):
        for scan in fleet.scans(study):
            yield series_truth(scan)


def study_truth(study: Study, scans: Iterable[Scan]) -> StudyTruth:
    """The truth of one study."""
    held = list(scans)
    measured = [scan for scan in held if scan.duration_s and not scan.is_second]
    scan_time_s = sum(scan.duration_s for scan in measured)
    last = max(measured, key=lambda scan: scan.start_s)
    span_s = last.start_s + last.duration_s - min(scan.start_s for scan in measured)
    dates = dict(study.held)
    own = study.scanner.site.name
    return StudyTruth(
        study_uid=study.study_uid,
        exam_index=study.exam_index,
        study_date=study.day,
        patient_number=study.patient.number,
        site=own,
        station=study.scanner.station,
        exam=study.exam.name,
        incident=study.incident,
        planted=study.planted,
        part=study.part,
        arrived_on=dates[own],
        elsewhere_on=next((day for site, day in study.held if site != own), None),
        pace=round(diligence(study.operator), 4),
        series=len(held),
        scans=len(measured),
        scan_time_s=round(scan_time_s, 3),
        span_s=round(span_s, 3),
        gap_s=round(span_s - scan_time_s, 3),
    )


def write_truth(fleet: Fleet, directory: Path) -> Path:
    """Write the fleet's truth into a directory, which is made where missing.

    `series.csv`, `studies.csv`, `protocols.csv` (scanner x protocol) and `scanners.csv` hold what
    happened; `targets.csv` is the sites' signed targets in the form of the governance file.

    Returns:
        The directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _write(directory / "scanners.csv", ScannerTruth, scanners(fleet))
    _write(directory / "protocols.csv", ProtocolTruth, protocols(fleet))
    _write(directory / "targets.csv", SignedTarget, signed_targets(fleet))
    studies = fleet.studies(None, fleet.start, fleet.end)
    _write(
        directory / "studies.csv",
        StudyTruth,
        (study_truth(study, fleet.scans(study)) for study in studies),
    )
    _write(directory / "series.csv", SeriesTruth, fleet_truth(fleet))
    return directory


def _write(path: Path, kind: type[Any], records: Iterator[Any] | Iterable[Any]) -> None:
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, [field.name for field in fields(kind)])
        writer.writeheader()
        writer.writerows(asdict(record) for record in records)

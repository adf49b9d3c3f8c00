"""What really happened, one record per series; written for tests and demonstrations only."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from protocol_assets.simulator.scan import Scan

if TYPE_CHECKING:
    from protocol_assets.simulator.fleet import Fleet


@dataclass(frozen=True, slots=True)
class SeriesTruth:
    """The truth of a series.

    `nex`, `effective_averages` and `scan_time_s` hold even where the header omits them; they and
    `role` are None for a report. `acquisition` is shared by the series of one scan of a study.
    """

    series_uid: str
    study_uid: str
    study_date: date
    patient_number: int
    site: str
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
    nex: float | None
    effective_averages: float | None
    acceleration: int | None
    instances: int
    images: int
    is_localizer: bool
    is_derived: bool
    is_report: bool
    is_rescan: bool
    is_override: bool
    missing_nex: bool
    missing_private_nex: bool
    body_part: str | None
    defect: str


def series_truth(scan: Scan) -> SeriesTruth:
    """The truth of one scan."""
    study, scanner = scan.study, scan.study.scanner
    is_report = scan.purpose in ("report", "phoenix")
    contrast = any(step.after_contrast for step in study.exam.steps)
    phase = "post" if scan.has_contrast else "pre" if contrast else "none"
    return SeriesTruth(
        series_uid=scan.series_uid,
        study_uid=study.study_uid,
        study_date=study.day,
        patient_number=study.patient.number,
        site=scanner.site.name,
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
        nex=None if is_report else scan.nex,
        effective_averages=None if is_report else round(scan.effective_averages, 4),
        acceleration=None if is_report else scan.acceleration,
        instances=scan.instances,
        images=0 if is_report else scan.images,
        is_localizer=scan.purpose == "localizer",
        is_derived=scan.purpose == "derived",
        is_report=is_report,
        is_rescan=scan.is_rescan,
        is_override=scan.is_override,
        missing_nex=is_report or scan.omits_nex,
        missing_private_nex=scan.omits_private_nex,
        body_part=scan.body_part,
        defect=scan.defect,
    )


def write_truth(fleet: Fleet, directory: Path) -> Path:
    """Write `series.csv` with the fleet's truth into a directory, which is made where missing.

    Returns:
        The file written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "series.csv"
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, [field.name for field in fields(SeriesTruth)])
        writer.writeheader()
        writer.writerows(asdict(record) for record in fleet.truth())
    return path

"""De-identified facts of a small fleet whose truth the test has set, without any PACS."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa

from protocol_assets.deidentify.policy import facts_schema
from protocol_assets.ingest.completeness import COMPLETENESS_SCHEMA
from protocol_assets.lake.parquet import write_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.settings import CONFIG_VARIABLE, Settings

FIRST, LAST = dt.date(2025, 3, 1), dt.date(2025, 10, 31)
CHANGED_ON = dt.date(2025, 7, 10)
SCANNERS = "ABCDEFG"
OVER_AVERAGING = "A" + "D" * 25
"""Averages twice until the day of the change; the others always average once."""
PROTOCOL = "lumbar_spine.sag_t2.none.1_5t.2d.standard"
EXAMS_A_DAY = 2

_SCAN: dict[str, Any] = {
    "pacs": "main",
    "modality": "MR",
    "sop_class": "mr_image",
    "encoding": "classic",
    "vendor": "siemens",
    "model": "Aera",
    "field_strength_t": 1.5,
    "label_code": "L" * 26,
    "software_code": "S" * 26,
    "coil_code": "C" * 26,
    "role": "sag_t2",
    "plane": "sagittal",
    "weighting": "t2",
    "anatomy": "lumbar_spine",
    "contrast_phase": "none",
    "fat_suppression": "none",
    "dimension": "2d",
    "reconstruction": "standard",
    "sequence_family": "tse",
    "trajectory": "cartesian",
    "nex_distinct": 1,
    "scan_time_method": "acquisition_duration",
    "scan_time_confidence": "high",
    "is_derived_only": False,
    "effective_averages_state": "from_lines",
    "start_offset_s": 0.0,
    "tr_ms": 3400.0,
    "tr_ms_min": 3400.0,
    "tr_ms_max": 3400.0,
    "te_ms": 102.0,
    "te_ms_min": 102.0,
    "te_ms_max": 102.0,
    "flip_angle_deg": 150.0,
    "echo_train_length": 18,
    "phase_encoding_steps": 352,
    "matrix_frequency": 384,
    "matrix_phase": 352,
    "rows": 512,
    "columns": 512,
    "pixel_spacing_row_mm": 0.6,
    "pixel_spacing_column_mm": 0.6,
    "slice_thickness_mm": 4.0,
    "slice_spacing_mm": 4.4,
    "bandwidth_hz_per_px": 190.0,
    "phase_oversampling_percent": 0.0,
    "partial_fourier_fraction": 1.0,
    "no_phase_wrap": False,
    "acceleration_in_plane": 1.0,
    "number_of_slices": 15,
    "number_of_instances": 15,
    "dirty_values": 0,
    "impossible_values": 0,
}


def deployment(folder: Path) -> Settings:
    """Settings of a deployment in a folder, with its facts in place."""
    path = folder / "protocol_assets.toml"
    path.write_text(
        f'home = "home"\nstart_date = {FIRST}\nend_date = {LAST}\n'
        '[[pacs]]\nname = "main"\nurl = "http://127.0.0.1:1"\n',
        encoding="utf-8",
    )
    settings = Settings.load({CONFIG_VARIABLE: str(path)})
    Lake(settings.home).prepare()
    _write(Lake(settings.home))
    return settings


def _write(lake: Lake) -> None:
    days = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    rows = [
        _scan(scanner + "D" * 25, day, exam)
        for scanner in SCANNERS
        for day in days
        for exam in range(EXAMS_A_DAY)
    ]
    partition = Partition(FIRST, "main")
    write_part(
        lake,
        lake.facts(partition),
        pa.Table.from_pylist(rows, schema=facts_schema(MR.facts_columns)),
        versions={},
    )
    counts = {one.name: 0 for one in COMPLETENESS_SCHEMA if one.type == pa.int64()}
    stored = {"pacs": "main", "facts_state": "stored"}
    landed = [{"study_date": day} | stored | counts for day in days]
    table = pa.Table.from_pylist(landed, schema=COMPLETENESS_SCHEMA)
    write_part(lake, lake.completeness(partition), table, versions={})


def _scan(device: str, day: dt.date, exam: int) -> dict[str, Any]:
    """One exam of one scan; seconds are those of the formula, a preparation, and some scatter."""
    nex = 2.0 if device == OVER_AVERAGING and day < CHANGED_ON else 1.0
    formula = 3.4 * 20 * nex
    name = f"{device[0]}.{day}.{exam}"
    keys = ("series", "study", "patient", "exam", "acquisition")
    return (
        _SCAN
        | {f"{key}_key": f"{key}.{name}" for key in keys}
        | {
            "device_key": device,
            "study_date": day,
            "nex": nex,
            "nex_min": nex,
            "nex_max": nex,
            "effective_averages": nex,
            "scan_time_formula_s": formula,
            "scan_time_s": formula + 4 + (day.toordinal() * 7 + exam * 3) % 5 / 10,
        }
    )

"""Synthetic acquisitions: plain frames whose truth the test itself has set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from protocol_assets.analysis.target_scope import TARGET_SCOPE

START = pd.Timestamp("2024-01-01")

_PLAIN: dict[str, Any] = {
    "device_key": "A",
    "label_code": "L",
    "station_code": None,
    "site": None,
    "software_code": "S",
    "coil_code": "C",
    "pacs": "main",
    "vendor": "siemens",
    "model": "M",
    "role": "sag_t2",
    "weighting": "t2",
    "anatomy": "lumbar_spine",
    "contrast_phase": "none",
    "fat_suppression": "none",
    "dimension": "2d",
    "reconstruction": "standard",
    "trajectory": "cartesian",
    "sequence_family": "tse",
    "effective_averages_state": "told",
    "scan_time_method": "acquisition_duration",
    "scan_time_confidence": "high",
    "repeat_kind": None,
    "field_strength_class_t": 1.5,
    "nex": 1.0,
    "start_offset_s": 0.0,
    "tr_ms": 3400.0,
    "te_ms": 102.0,
    "ti_ms": None,
    "flip_angle_deg": 150.0,
    "echo_train_length": 18.0,
    "phase_encoding_steps": 352.0,
    "matrix_frequency": 384.0,
    "matrix_phase": 352.0,
    "rows": 512.0,
    "columns": 512.0,
    "pixel_spacing_row_mm": 0.6,
    "pixel_spacing_column_mm": 0.6,
    "slice_thickness_mm": 4.0,
    "slice_spacing_mm": 4.4,
    "phase_oversampling_percent": 0.0,
    "partial_fourier_fraction": 1.0,
    "bandwidth_hz_per_px": 190.0,
    "acceleration_in_plane": 1.0,
    "acceleration_out_of_plane": 1.0,
    "number_of_slices": 15.0,
    "is_nex_eligible": True,
    "no_phase_wrap": False,
}


def acquisitions(
    days: Any, *, preparation: float = 0.0, prefix: str | None = None, **columns: Any
) -> pd.DataFrame:
    """One acquisition an exam of one protocol on one scanner.

    Scan times follow the textbook formula plus the preparation unless ``scan_time_s`` is given;
    effective averages follow NEX, and ranges their mode.
    """
    day = np.atleast_1d(np.asarray(days, dtype=int))
    frame = pd.DataFrame(index=range(len(day)))
    frame["study_date"] = START + pd.to_timedelta(day, unit="D")
    for name, value in (_PLAIN | columns).items():
        frame[name] = value
    name = prefix or f"{frame['device_key'].iloc[0]}.{frame['role'].iloc[0]}"
    frame["acquisition_key"] = [f"{name}.{i}" for i in range(len(day))]
    if "exam_key" not in columns:
        frame["exam_key"] = [f"{name}.exam.{i}" for i in range(len(day))]
    frame["patient_key"] = columns.get("patient_key", "patient of " + frame["exam_key"])
    if "protocol_key" not in columns:
        frame["protocol_key"] = (
            frame["anatomy"]
            + "."
            + frame["role"]
            + "."
            + frame["contrast_phase"]
            + "."
            + frame["field_strength_class_t"].astype(str)
        )
    steps = pd.to_numeric(frame["phase_encoding_steps"])
    lines = steps / frame["acceleration_in_plane"]
    shots = np.ceil(lines / frame["echo_train_length"])
    if "scan_time_formula_s" not in columns:
        frame["scan_time_formula_s"] = frame["tr_ms"] / 1000 * shots * frame["nex"]
    if "scan_time_s" not in columns:
        frame["scan_time_s"] = frame["scan_time_formula_s"] + preparation
    if "effective_averages" not in columns:
        frame["effective_averages"] = frame["nex"] * lines / frame["matrix_phase"]
    frame["protocol_anatomy"] = frame["anatomy"]
    frame["protocol_contrast"] = frame["contrast_phase"]
    for name in ("nex", "tr_ms", "te_ms"):
        for end in ("min", "max"):
            if f"{name}_{end}" not in columns:
                frame[f"{name}_{end}"] = frame[name]
    return frame


def devices(count: int, make: Callable[[int], pd.DataFrame]) -> pd.DataFrame:
    """The frames of several scanners together."""
    return pd.concat([make(i) for i in range(count)], ignore_index=True)


def exams(frame: pd.DataFrame, gap_s: float = 30.0) -> pd.DataFrame:
    """Exams as the warehouse would add them up."""
    groups = frame.groupby("exam_key")["scan_time_s"]
    result = pd.DataFrame({"scan_time_sum_s": groups.sum(), "n": groups.size()})
    result["gap_time_s"] = gap_s * (result["n"] - 1)
    result["exam_span_s"] = result["scan_time_sum_s"] + result["gap_time_s"]
    result["is_quarantined"] = False
    return result.reset_index()


def no_targets() -> pd.DataFrame:
    """A hospital that has signed nothing."""
    return targets()


def targets(*rows: dict[str, Any]) -> pd.DataFrame:
    """Signed targets; what a row does not name is open."""
    columns = ["target", "version", *TARGET_SCOPE, "parameter", "value", "valid_from", "valid_to"]
    plain = {
        "target": "T",
        "version": 1,
        "anatomy": "lumbar_spine",
        "role": "sag_t2",
        "reconstruction": "standard",
        "parameter": "effective_averages",
        "valid_from": pd.Timestamp("2023-01-01"),
    }
    return pd.DataFrame([plain | row for row in rows], columns=columns)


def nothing_registered() -> pd.DataFrame:
    """An empty findings register."""
    return pd.DataFrame(
        columns=[
            "device_key",
            "protocol_key",
            "changed_on",
            "volume_per_month",
            "promised_minutes_per_month",
            "quality_signed_on",
        ]
    )

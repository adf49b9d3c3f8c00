"""The columns of MR acquisitions that the analysis reads, and those calculated from them."""

from __future__ import annotations

from typing import Final

import pandas as pd

from protocol_assets.analysis.limits import limit
from protocol_assets.modalities.mr.analysis.averaging import (
    acceleration,
    averaging,
    least_averaging,
    sampled_lines,
)
from protocol_assets.modalities.mr.analysis.scan_times import observed_time, stated_time

__all__ = ["FLAGS", "NUMBERS", "RENAMED", "TERMS", "derive"]

TERMS: Final = (
    "coil_code",
    "role",
    "weighting",
    "fat_suppression",
    "dimension",
    "reconstruction",
    "trajectory",
    "sequence_family",
    "effective_averages_state",
    "scan_time_method",
    "scan_time_confidence",
)
NUMBERS: Final = (
    "field_strength_class_t",
    "nex",
    "nex_min",
    "nex_max",
    "effective_averages",
    "scan_time_s",
    "scan_time_formula_s",
    "start_offset_s",
    "tr_ms",
    "tr_ms_min",
    "tr_ms_max",
    "te_ms",
    "te_ms_min",
    "te_ms_max",
    "ti_ms",
    "flip_angle_deg",
    "echo_train_length",
    "phase_encoding_steps",
    "matrix_frequency",
    "matrix_phase",
    "rows",
    "columns",
    "pixel_spacing_row_mm",
    "pixel_spacing_column_mm",
    "slice_thickness_mm",
    "slice_spacing_mm",
    "phase_oversampling_percent",
    "partial_fourier_fraction",
    "bandwidth_hz_per_px",
    "acceleration_in_plane",
    "acceleration_out_of_plane",
    "number_of_slices",
)
FLAGS: Final = ("is_nex_eligible",)
RENAMED: Final = {"anatomy": "protocol_anatomy", "contrast_phase": "protocol_contrast"}
"""What the analysis calls the region and phase of the protocol; an exam's text may say others."""


def derive(frame: pd.DataFrame) -> pd.DataFrame:
    """The typed acquisitions with the calculated columns.

    ``voxel_mm3`` (acquired: field of view / acquisition matrix x thickness), ``pixel_volume_mm3``
    (as reconstructed), ``averaging``, ``least_averaging``, ``sampled_lines``, ``acceleration``, and
    what every modality adds (see ``AnalysisSpec.derive``). Original acquisitions without diffusion
    have a vote on the averaging.
    """
    frame.loc[_is_unsaturated(frame), "fat_suppression"] = "none"
    area = frame["rows"] * frame["pixel_spacing_row_mm"] * frame["columns"]
    area *= frame["pixel_spacing_column_mm"]
    acquired = frame["matrix_frequency"] * frame["matrix_phase"]
    frame["voxel_mm3"] = area / acquired * frame["slice_thickness_mm"]
    frame["pixel_volume_mm3"] = (
        frame["pixel_spacing_row_mm"]
        * frame["pixel_spacing_column_mm"]
        * frame["slice_thickness_mm"]
    )
    frame["averaging"], frame["least_averaging"] = averaging(frame), least_averaging(frame)
    frame["sampled_lines"] = sampled_lines(frame)
    frame["acceleration"] = acceleration(frame)
    frame["is_eligible"] = frame["is_nex_eligible"]
    # The averages and times of a diffusion series follow the b-value.
    frame["is_uniform"] = frame["weighting"] != "dwi"
    frame["observed_cost"], frame["stated_cost"] = observed_time(frame), stated_time(frame)
    # A sequence is a role before or after contrast.
    frame["sequence"] = frame["role"] + "." + frame["contrast_phase"].fillna("unknown")
    frame["region"], frame["is_enhanced"] = frame["anatomy"], frame["contrast_phase"] == "post"
    frame["nominal_cost"] = frame["scan_time_formula_s"]
    return frame


def _is_unsaturated(frame: pd.DataFrame) -> pd.Series:
    """Acquisitions that name no fat suppression, on scanners that name it where it is on.

    Some makers list it in Scan Options and some never do; the scanner's own other protocols tell.
    """
    names = frame["fat_suppression"].isin(("fat_saturation", "water_excitation"))
    often = names.groupby(frame["device_key"]).transform("sum") >= limit("least_n")
    return frame["fat_suppression"].isna() & often

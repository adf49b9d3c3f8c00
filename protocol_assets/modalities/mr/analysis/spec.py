"""What the analysis needs to know of MR."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from protocol_assets.analysis.parameters import read_parameters
from protocol_assets.analysis.spec import AnalysisSpec
from protocol_assets.modalities.measures import read_measures
from protocol_assets.modalities.mr.analysis.columns import FLAGS, NUMBERS, RENAMED, TERMS, derive
from protocol_assets.modalities.mr.analysis.faster_peers import slower_than_peers
from protocol_assets.modalities.mr.analysis.peers import PURPOSE, judged_as, purposes
from protocol_assets.modalities.mr.analysis.proposals import carry_targets, set_costs, set_what_if
from protocol_assets.modalities.mr.analysis.scan_times import is_aborted
from protocol_assets.modalities.mr.analysis.time_model import fit_time_model

__all__ = ["AVERAGING"]

_MEASURES: Final = read_measures(Path(__file__).parents[1])

AVERAGING: Final = AnalysisSpec(
    measure=_MEASURES["averaging"],
    terms=TERMS,
    numbers=NUMBERS,
    flags=FLAGS,
    renamed=RENAMED,
    derive=derive,
    identity=(*PURPOSE, "vendor", "model", "site"),
    variant=("fat_suppression", "trajectory"),
    case_mix=("coil_code", "fat_suppression"),
    image=(
        "voxel_mm3",
        "pixel_volume_mm3",
        "bandwidth_hz_per_px",
        "phase_oversampling_percent",
        "acceleration",
        "partial_fourier_fraction",
        "matrix_frequency",
        "matrix_phase",
        "sampled_lines",
    ),
    purpose=PURPOSE,
    controls=("anatomy", "role", "contrast_phase", "dimension", "reconstruction"),
    parameters=partial(read_parameters, "drift_tolerances.csv"),
    judged_as=judged_as,
    purposes=purposes,
    carry_targets=carry_targets,
    settling="sampled_lines",
    unsettled_reason="oversampling not reported",
    rare_reason="averages rarely told",
    set_what_if=set_what_if,
    set_costs=set_costs,
    fit_cost=fit_time_model,
    is_aborted=is_aborted,
    further_findings=slower_than_peers,
)
"""How often each nominal phase line is sampled, and the scan time that it takes."""

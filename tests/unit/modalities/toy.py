"""A modality that does not exist: projection images whose exposure is judged.

It shares nothing with MR, neither columns nor costs. What it gives is all that the platform needs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from protocol_assets.analysis.frame import group_indices
from protocol_assets.analysis.parameters import Parameter
from protocol_assets.analysis.peers import TIERS, are_same
from protocol_assets.analysis.spec import AnalysisSpec, CostModel, Group
from protocol_assets.analysis.tables import analysis_schema
from protocol_assets.modalities.measures import read_measures
from protocol_assets.modalities.spec import Modality

DATA = Path(__file__).parent / "toy_data"
PURPOSE = {"anatomy": "body part", "view": "view"}


def derive(frame: pd.DataFrame) -> pd.DataFrame:
    cost = frame["exposure_uas"]
    return frame.assign(
        is_eligible=~frame["is_test_image"],
        is_uniform=True,
        observed_cost=cost,
        stated_cost=cost,
        nominal_cost=cost,
        sequence=frame["view"],
        region=frame["anatomy"],
        is_enhanced=False,
    )


def purposes(levels: pd.DataFrame) -> Iterator[Group]:
    for at in group_indices(levels, list(PURPOSE)).values():
        own = levels.iloc[at]
        candidates = ~are_same(own["device_key"]) & own["level"].notna().to_numpy()[None, :]
        yield Group(
            at=at,
            candidates=candidates,
            similar=candidates,
            tiers=dict.fromkeys(TIERS, candidates),
            carried={},
            short_of={"detector": candidates & ~are_same(own["detector"])},
        )


def set_what_if(found: pd.DataFrame) -> None:
    lower = found["reference_level"] < found["level"]
    found["what_if_level"] = found["reference_level"].where(lower)
    found["what_if_kind"] = pd.Series("reference", index=found.index).where(lower, None)
    found["snr_ratio"] = np.sqrt(found["what_if_level"] / found["level"])


def set_costs(found: pd.DataFrame, model: CostModel) -> None:
    found["scan_time_now_s"] = found["stated_cost"]
    found["scan_time_at_target_s"] = found["what_if_level"]
    found["saving_s"] = found["scan_time_now_s"] - found["scan_time_at_target_s"]
    found["time_basis"] = "observed"
    found["time_level"], found["time_is_off"] = None, False
    for column in ("error_p5_pct", "error_p95_pct", "time_error_median_pct"):
        found[column] = np.nan


@dataclass(frozen=True)
class NoModel:
    """The exposure is its own cost: there is nothing to predict."""

    groups: pd.DataFrame = field(
        default_factory=lambda: analysis_schema("time_model").empty_table().to_pandas()
    )
    series: pd.DataFrame = field(
        default_factory=lambda: analysis_schema("time_model_series").empty_table().to_pandas()
    )

    def predict(self, rows: pd.DataFrame, nominal_s: pd.Series) -> pd.DataFrame:
        return pd.DataFrame({"predicted_s": nominal_s}, index=rows.index)


def is_aborted(rows: pd.DataFrame, model: CostModel) -> pd.Series:
    return pd.Series(False, index=rows.index)


def no_findings(levels: pd.DataFrame) -> list[dict[str, Any]]:
    return []


def as_they_are(levels: pd.DataFrame, targets: Mapping[str, pd.Series]) -> Mapping[str, pd.Series]:
    return targets


EXPOSURE = AnalysisSpec(
    measure=read_measures(DATA)["exposure"],
    terms=("anatomy", "view", "detector"),
    numbers=("exposure_uas", "exposure_uas_min", "exposure_uas_max", "kvp"),
    flags=("is_test_image",),
    renamed={},
    derive=derive,
    identity=("anatomy", "view", "vendor", "model", "site"),
    variant=("detector",),
    case_mix=("detector",),
    image=("kvp",),
    purpose=PURPOSE,
    controls=("anatomy", "view"),
    parameters=lambda: (
        Parameter("exposure_uas", "Exposure", "uA.s", "relative", 0.1, False, True),
        Parameter("kvp", "Tube voltage", "kV", "relative", 0.02, False, True),
    ),
    judged_as=lambda levels: levels,
    purposes=purposes,
    carry_targets=as_they_are,
    settling="kvp",
    unsettled_reason="tube voltage not reported",
    rare_reason="exposure rarely reported",
    set_what_if=set_what_if,
    set_costs=set_costs,
    fit_cost=lambda frame: NoModel(),
    is_aborted=is_aborted,
    further_findings=no_findings,
)


def describe(
    rows: Sequence[Mapping[str, object]], zone: dt.tzinfo | None
) -> list[dict[str, object]]:
    return [{"view": row["ViewPosition"]} for row in rows]


TOY = Modality(
    code="DX",
    sop_classes=frozenset({"1.2.840.10008.5.1.4.1.1.1.1"}),
    retrieval="every_instance",
    data_set="toy_series",
    folder="toy",
    series_columns="toy_series_columns.csv",
    facts_columns="toy_facts_columns.csv",
    describe=describe,
    rules_version=lambda: "1",
    analysis=EXPOSURE,
    report_sections=("headline", "opportunities", "completeness"),
)

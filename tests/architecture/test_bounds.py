"""Every number of series, acquisitions and exams is bounded, or counted from bounded ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from protocol_assets.data import read_table
from protocol_assets.deidentify.policy import fact_columns
from protocol_assets.dicom.bounds import bounds_of
from protocol_assets.modalities.mr.spec import MR

MARTS = Path(__file__).parents[2] / "dbt_project" / "models"
NUMERIC = ("double", "bigint", "integer", "decimal", "float", "hugeint", "real")

# Numbers that a model computes: what of, so that no header can write them.
COMPUTED = {
    "fct_acquisition": {
        "field_strength_class_t": "a class of field_strength_classes.csv",
        "n_series": "counts series",
        "n_excluded_series": "counts series",
        "n_studies": "counts studies",
    },
    "fct_exam": {
        "n_studies": "counts studies",
        "n_series": "counts series",
        "n_scans": "counts scans",
        "n_acquisitions": "counts acquisitions",
        "n_repeat_assessable": "counts acquisitions",
        "n_rescans": "counts acquisitions",
        "n_stacks": "counts acquisitions",
        "n_breaks": "counts pauses",
        "n_clock_flagged": "counts scans",
        "n_scan_time_upper_bound": "counts scans",
        "longest_pause_s": "start_offset_s and scan_time_s of two scans",
        "exam_span_s": "start_offset_s and scan_time_s of two scans; limited by longest_exam",
        "scan_time_sum_s": "sums scan_time_s",
        "gap_time_s": "exam_span_s less scan_time_sum_s",
        "start_coverage": "a share of scans",
        "scan_time_coverage": "a share of scans",
    },
    "fct_series": {"field_strength_class_t": "a class of field_strength_classes.csv"},
}


def numeric_columns(model: str) -> list[str]:
    text = next(MARTS.rglob(f"{model}.yml")).read_text(encoding="utf-8")
    (described,) = yaml.safe_load(text)["models"]
    columns: list[dict[str, Any]] = described["columns"]
    return [one["name"] for one in columns if one["data_type"] in NUMERIC]


@pytest.mark.parametrize("model", sorted(COMPUTED))
def test_every_number_of_a_mart_is_a_bounded_fact_or_computed(model: str) -> None:
    sources = {
        one.name: one.source for one in fact_columns(MR.facts_columns) if one.action == "number"
    }
    numbers = numeric_columns(model)
    assert numbers
    for name in numbers:
        if name in sources:
            assert bounds_of(sources[name]) is not None, f"{model}.{name}"
        else:
            assert name in COMPUTED[model], f"give {model}.{name} bounds, or say what it counts"


def test_bounds_are_of_both_sides_and_have_sources() -> None:
    for row in read_table("impossible_values.csv"):
        bounds = bounds_of(row["column"])
        assert bounds is not None
        assert bounds.lower < bounds.upper < float("inf"), row["column"]
        assert row["source"], row["column"]

"""Limits that dbt also needs have the value of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from protocol_assets.protocols.limits import duration

PROJECT = Path(__file__).parents[3] / "dbt_project" / "dbt_project.yml"


@pytest.mark.parametrize(
    ("variable", "limit"),
    [
        ("exam_start_lag_s", "start_lag"),
        ("scan_time_rounding_s", "scan_time_rounding"),
        ("exam_break_s", "longest_gap"),
        ("exam_span_limit_s", "near_change"),
    ],
)
def test_a_variable_of_dbt_is_the_limit_of_the_file(variable: str, limit: str) -> None:
    variables = yaml.safe_load(PROJECT.read_text(encoding="utf-8"))["vars"]
    assert variables[variable] == duration(limit).total_seconds()

"""The suites in ``expectations/``, and the parts of a table that they speak of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pyarrow as pa

from protocol_assets.project_files import project_file
from protocol_assets.quality.thresholds import THRESHOLDS, coverage_suites

__all__ = ["EXPECTATIONS", "load_suite", "suite_parts"]

EXPECTATIONS: Final = project_file("expectations")
"""The suites: a folder for each modality, a JSON file for each data set."""


@cache
def load_suite(name: str) -> dict[str, Any]:
    """The suite's JSON.

    Raises:
        FileNotFoundError: There is no such suite.
    """
    suite: dict[str, Any] = json.loads((EXPECTATIONS / f"{name}.json").read_text(encoding="utf-8"))
    return suite


def suite_parts(name: str, table: pa.Table) -> Iterator[tuple[str, dict[str, Any], pa.Table]]:
    """What a suite consists of: name, expectations, rows; first the whole table.

    A suite that names the thresholds continues with each vendor and SOP class.

    Args:
        name: File name in ``expectations/`` without its ending.
        table: The rows; also without rows.
    """
    suite = load_suite(name)
    yield name, suite, table
    if suite["meta"].get("thresholds") == THRESHOLDS:
        yield from coverage_suites(table)

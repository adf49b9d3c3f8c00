"""The gate: candidates are validated cell by cell, and refused where a suite says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Cell, Lake
from protocol_assets.quality.suites import SuiteResult, validate

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the suite said of the candidates of one data set.

    Attributes:
        result: The suite over all candidates.
        refused: Why, by refused cell.
    """

    result: SuiteResult | None
    refused: Mapping[Cell, str] = field(default_factory=dict)


def judge(lake: Lake, data_set: str, suite: str, cells: list[Cell]) -> Verdict:
    """Validate the candidates of ``cells``.

    The suite runs once over all of them. Only where something critical failed does it run again
    cell by cell, to find which to refuse. Rows that flattening has left out are not judged.

    Args:
        lake: The lake.
        data_set: Name of the candidates' data set.
        suite: Name of the suite.
        cells: Cells that have a candidate.
    """
    if not cells:
        return Verdict(None)
    candidates = {cell: _candidate(lake, data_set, cell) for cell in cells}
    result = validate(suite, pa.concat_tables(candidates.values()))
    if not result.is_refused:
        return Verdict(result)
    refused = {
        cell: _reason(one)
        for cell, table in candidates.items()
        if (one := validate(suite, table)).is_refused
    }
    return Verdict(result, refused)


def _candidate(lake: Lake, data_set: str, cell: Cell) -> pa.Table:
    """The candidate with the cell it claims beside it, for the suite to compare."""
    table = read_part(lake.candidate(data_set, cell))
    if "quarantine_rule" in table.column_names:
        table = table.filter(pc.field("quarantine_rule").is_null())
    day = pa.array([cell.day] * table.num_rows, pa.date32())
    pacs = pa.array([cell.pacs] * table.num_rows, pa.string())
    table = table.append_column("cell_day", day).append_column("cell_pacs", pacs)
    return table.replace_schema_metadata(None)


def _reason(result: SuiteResult) -> str:
    failures = result.failed("critical")
    texts = [
        f"{one.expectation.removeprefix('expect_')} ({one.column or 'table'}): "
        f"{'not evaluable' if one.crashed else f'{one.unexpected} of {one.rows}'}"
        for one in failures
    ]
    return "; ".join(texts)

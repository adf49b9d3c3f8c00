"""The gate: candidates are validated, and each partition that a suite rejects is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.quality.gate import judge_table
from protocol_assets.quality.outcomes import SuiteResult

__all__ = ["Verdict", "as_judged", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The suite's verdict on the candidates of one data set.

    Attributes:
        result: The suite over all candidates.
        refused: The reason, by refused partition.
    """

    result: SuiteResult | None
    refused: Mapping[Partition, str] = field(default_factory=dict)


def judge(lake: Lake, data_set: str, suite: str, partitions: list[Partition]) -> Verdict:
    """Validate the candidates of ``partitions``.

    The suite runs once over all of them. Only if a critical check failed does it run again
    partition by partition, to find which ones to refuse; then Great Expectations states the
    failures. Rows that flattening has left out are not judged.

    Args:
        lake: The lake.
        data_set: Name of the candidates' data set.
        suite: Name of the suite.
        partitions: Partitions that have a candidate.
    """
    if not partitions:
        return Verdict(None)
    candidates = {partition: _candidate(lake, data_set, partition) for partition in partitions}
    result = judge_table(suite, pa.concat_tables(candidates.values()))
    if not result.is_refused:
        return Verdict(result)
    refused = {
        partition: _reason(one)
        for partition, table in candidates.items()
        if (one := judge_table(suite, table)).is_refused
    }
    return Verdict(result, refused)


def as_judged(table: pa.Table, partition: Partition) -> pa.Table:
    """The rows that the suites judge, with their partition in columns for comparison.

    Args:
        table: Rows of ``series`` or ``series_facts``.
        partition: Study day and PACS.
    """
    if "quarantine_rule" in table.column_names:
        table = table.filter(pc.field("quarantine_rule").is_null())
    day = pa.repeat(pa.scalar(partition.day, pa.date32()), table.num_rows)
    pacs = pa.repeat(partition.pacs, table.num_rows)
    table = table.append_column("partition_day", day).append_column("partition_pacs", pacs)
    return table.replace_schema_metadata(None)


def _candidate(lake: Lake, data_set: str, partition: Partition) -> pa.Table:
    return as_judged(read_part(lake, lake.candidate(data_set, partition)), partition)


def _reason(result: SuiteResult) -> str:
    failures = result.failed("critical")
    texts = [
        f"{one.expectation.removeprefix('expect_')} ({one.column or 'table'}): "
        f"{'not evaluable' if one.crashed else f'{one.unexpected} of {one.rows}'}"
        for one in failures
    ]
    return "; ".join(texts)

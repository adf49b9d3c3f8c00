"""The gate's verdict on a table: rules over Arrow, and Great Expectations where people need it.

A rule that Arrow does not support is decided by Great Expectations. If a critical rule fails, Great
Expectations validates everything again, so that the failure people see is its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from protocol_assets.quality.conditions import UnsupportedRuleError
from protocol_assets.quality.outcomes import Outcome, SuiteResult
from protocol_assets.quality.rules import apply_rule
from protocol_assets.quality.suites import suite_parts
from protocol_assets.quality.validation import validate, validate_rules

__all__ = ["evaluate", "judge_table"]


def judge_table(name: str, table: pa.Table) -> SuiteResult:
    """Run one suite over a table; with Great Expectations if a critical rule fails.

    Args:
        name: File name in ``expectations/`` without its ending.
        table: The rows; also without rows.
    """
    result = evaluate(name, table)
    return validate(name, table) if result.is_refused else result


def evaluate(name: str, table: pa.Table) -> SuiteResult:
    """Run one suite over a table, each rule over Arrow if it is supported.

    Args:
        name: File name in ``expectations/`` without its ending.
        table: The rows; also without rows.
    """
    outcomes: list[Outcome] = []
    for _, suite, rows in suite_parts(name, table):
        outcomes += _ordered(suite["expectations"], rows)
    return SuiteResult(name, tuple(outcomes))


def _ordered(expectations: Sequence[Mapping[str, Any]], rows: pa.Table) -> list[Outcome]:
    """Outcomes in the order of Great Expectations: what it cannot evaluate first, then by column.

    Expectations that are not about one column form a group, like those about the same column.
    """
    groups = [str(one["kwargs"].get("column", "")) for one in expectations]
    first = {group: number for number, group in reversed(list(enumerate(groups)))}
    found = zip(groups, _outcomes(expectations, rows), strict=True)
    ordered = sorted(found, key=lambda one: (not one[1].crashed, first[one[0]]))
    return [outcome for _, outcome in ordered]


def _outcomes(expectations: Sequence[Mapping[str, Any]], rows: pa.Table) -> list[Outcome]:
    found: list[Outcome | None] = []
    for one in expectations:
        try:
            found.append(apply_rule(one, rows))
        except UnsupportedRuleError:
            found.append(None)
    undecided = [one for one, known in zip(expectations, found, strict=True) if known is None]
    decided = iter(validate_rules(undecided, rows) if undecided else ())
    return [known or next(decided) for known in found]

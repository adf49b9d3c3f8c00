"""Run an expectation suite over a table; the only importer of Great Expectations.

It is imported inside the function that uses it: it costs eight CPU seconds. Results hold counts,
never a value.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from protocol_assets.project_files import project_file
from protocol_assets.quality.thresholds import THRESHOLDS, coverage_suites

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

__all__ = ["EXPECTATIONS", "Outcome", "SuiteResult", "load_suite", "validate"]

EXPECTATIONS: Final = project_file("expectations")
"""The suites: a folder for each modality, a JSON file for each data set."""

# Counts only: neither values nor a sample of them.
_RESULT_FORMAT: Final = {"result_format": "SUMMARY", "partial_unexpected_count": 0}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One expectation on one data set.

    Attributes:
        expectation: Type of the expectation.
        column: Column or columns it speaks of, empty for the table.
        scope: Which rows it speaks of where it is not all of them, such as one vendor's.
        severity: ``critical`` refuses, ``warning`` warns, ``info`` tells.
        passed: Whether it held.
        rows: Rows it looked at.
        unexpected: Rows that broke it.
        mostly: Least share of the rows that must hold it.
        crashed: Whether it could not be evaluated at all.
    """

    expectation: str
    column: str
    scope: str
    severity: str
    passed: bool
    rows: int
    unexpected: int
    mostly: float
    crashed: bool

    @property
    def share(self) -> float:
        """Share of the rows that hold it, from 0 to 1; 1 where there are none."""
        return 1 - self.unexpected / self.rows if self.rows else 1.0


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """All outcomes of one suite."""

    suite: str
    outcomes: tuple[Outcome, ...]

    def failed(self, severity: str) -> tuple[Outcome, ...]:
        """Outcomes of one severity that did not hold."""
        return tuple(one for one in self.outcomes if one.severity == severity and not one.passed)

    @property
    def is_refused(self) -> bool:
        """Whether the data set must not be committed."""
        return bool(self.failed("critical"))

    def markdown(self) -> str:
        """A table of the failures, then how many held."""
        failures = [one for one in self.outcomes if not one.passed]
        held = f"{len(self.outcomes) - len(failures)} of {len(self.outcomes)} expectations held"
        if not failures:
            return held
        lines = [
            "| severity | expectation | column | of | unexpected | rows | held | asked |",
            "|---|---|---|---|--:|--:|--:|--:|",
        ]
        lines += [_line(one) for one in failures]
        return "\n".join([*lines, "", held])


@cache
def load_suite(name: str) -> dict[str, Any]:
    """The suite's JSON.

    Raises:
        FileNotFoundError: There is no such suite.
    """
    suite: dict[str, Any] = json.loads((EXPECTATIONS / f"{name}.json").read_text(encoding="utf-8"))
    return suite


def validate(name: str, table: pa.Table) -> SuiteResult:
    """Run one suite over a table.

    Args:
        name: File name in ``expectations/`` without its ending.
        table: The rows; also without rows.
    """
    with _quiet():
        import great_expectations as gx
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
        )

        # Without docs sites: each would leave a temporary directory behind.
        stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
        context = gx.get_context(
            mode="ephemeral",
            project_config=DataContextConfig(
                store_backend_defaults=stores, analytics_enabled=False
            ),
        )
        context.variables.progress_bars = {"globally": False}
        source = context.data_sources.add_pandas("lake")
        results = []
        for part, suite, rows in _parts(name, table):
            batch = (
                source.add_dataframe_asset(part)
                .add_batch_definition_whole_dataframe("all")
                .get_batch({"dataframe": rows.to_pandas(date_as_object=True)})
            )
            judged = batch.validate(gx.ExpectationSuite(**suite), result_format=_RESULT_FORMAT)
            results += [_outcome(result, rows.num_rows) for result in judged.results]
    return SuiteResult(name, tuple(results))


def _parts(name: str, table: pa.Table) -> Iterator[tuple[str, dict[str, Any], pa.Table]]:
    """What is validated: name, suite, rows; the whole table, then each vendor and SOP class."""
    suite = load_suite(name)
    yield name, suite, table
    if suite["meta"].get("thresholds") == THRESHOLDS:
        yield from coverage_suites(table)


def _line(one: Outcome) -> str:
    counts = (
        f"could not be evaluated | {one.rows} | |"
        if one.crashed
        else f"{one.unexpected} | {one.rows} | {one.share:.1%} |"
    )
    return (
        f"| {one.severity} | {one.expectation.removeprefix('expect_')} | {one.column} "
        f"| {one.scope or 'all'} | {counts} {one.mostly:.1%} |"
    )


def _outcome(result: ExpectationValidationResult, rows: int) -> Outcome:
    configuration = result.expectation_config
    arguments = configuration.kwargs
    columns = [arguments.get(name) for name in ("column", "column_A", "column_B")]
    columns += arguments.get("column_list", ()) if "compound" in configuration.type else ()
    return Outcome(
        expectation=configuration.type,
        column=", ".join(str(column) for column in columns if column),
        scope=str((configuration.meta or {}).get("rows", "")),
        severity=str(configuration.severity.value),
        passed=bool(result.success),
        rows=int(result.result.get("element_count", rows)),
        unexpected=int(result.result.get("unexpected_count", 0) or 0),
        mostly=float(arguments.get("mostly", 1)),
        crashed=bool(result.exception_info and _raised(result.exception_info)),
    )


def _raised(information: dict[str, Any]) -> bool:
    if "raised_exception" in information:
        return bool(information["raised_exception"])
    return any(one.get("raised_exception") for one in information.values() if isinstance(one, dict))


@contextmanager
def _quiet() -> Iterator[None]:
    """Great Expectations logs what it does, and on a crash the traceback with its values."""
    logger = logging.getLogger("great_expectations")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)

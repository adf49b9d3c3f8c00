"""Validate a table with Great Expectations; the only importer of it.

It is imported inside the function that uses it, because the import takes more than five
CPU seconds. The gate calls it only for what it cannot decide alone. Results hold counts, never a
value.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from protocol_assets.quality.outcomes import Outcome, SuiteResult
from protocol_assets.quality.suites import suite_parts

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

__all__ = ["validate", "validate_rules"]

# Counts only: neither values nor a sample of them.
_RESULT_FORMAT: Final = {"result_format": "SUMMARY", "partial_unexpected_count": 0}

_Validate = Callable[[Mapping[str, Any]], list[Outcome]]


def validate(name: str, table: pa.Table) -> SuiteResult:
    """Run one suite over a table.

    Args:
        name: File name in ``expectations/`` without its ending.
        table: The rows; also without rows.
    """
    outcomes: list[Outcome] = []
    with _great_expectations() as batch_of:
        for part, suite, rows in suite_parts(name, table):
            outcomes += batch_of(part, rows)(suite)
    return SuiteResult(name, tuple(outcomes))


def validate_rules(expectations: Sequence[Mapping[str, Any]], table: pa.Table) -> list[Outcome]:
    """Run single expectations over a table.

    Args:
        expectations: The expectations, as the suite writes them.
        table: The rows; also without rows.

    Returns:
        One outcome for each expectation, in the same order.
    """
    with _great_expectations() as batch_of:
        run = batch_of("rules", table)
        return [
            outcome
            for number, one in enumerate(expectations)
            for outcome in run({"name": str(number), "expectations": [one]})
        ]


@contextmanager
def _great_expectations() -> Iterator[Callable[[str, pa.Table], _Validate]]:
    """Gives a function that makes a batch of rows, against which suites can be run."""
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

        def batch_of(name: str, rows: pa.Table) -> _Validate:
            batch = (
                source.add_dataframe_asset(name)
                .add_batch_definition_whole_dataframe("all")
                .get_batch({"dataframe": rows.to_pandas(date_as_object=True)})
            )

            def run(suite: Mapping[str, Any]) -> list[Outcome]:
                judged = batch.validate(gx.ExpectationSuite(**suite), result_format=_RESULT_FORMAT)
                return [_outcome(result, rows.num_rows) for result in judged.results]

            return run

        yield batch_of


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

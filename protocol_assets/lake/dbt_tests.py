"""The dbt tests of a built warehouse, united: one statement per model instead of one node per test.

dbt compiles every test once, when the project has changed. A build then runs the compiled SQL of
all tests of a model as one statement and judges each test as dbt does: by ``fail_calc``,
``warn_if``, ``error_if`` and ``limit`` (https://docs.getdbt.com/reference/data-test-configs).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import duckdb

from protocol_assets.storage.files import RESTRICTED_FILE, write_bytes

__all__ = [
    "DbtTest",
    "TestOutcome",
    "compiled_tests",
    "model_of_test",
    "read_tests",
    "run_tests",
    "write_tests",
]

State = Literal["pass", "warn", "fail", "error"]

Node = Mapping[str, Any]
"""A node of dbt's ``manifest.json``."""

_MODEL: Final = "model."


@dataclass(frozen=True, slots=True)
class DbtTest:
    """A compiled test.

    Attributes:
        name: Its name in dbt.
        model: The name of the model whose result it is shown with.
        severity: ``error`` or ``warn``.
        fail_calc: SQL expression over the failing rows that counts the failures.
        warn_if: Condition on the count, such as ``!= 0``.
        error_if: Likewise.
        limit: The most failing rows that are counted, None for all.
        sql: The query that returns the failing rows.
    """

    name: str
    model: str
    severity: str
    fail_calc: str
    warn_if: str
    error_if: str
    limit: int | None
    sql: str


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What a test said.

    Attributes:
        name: Its name in dbt.
        state: ``error`` means that it could not be run.
        failures: What ``fail_calc`` counted, None if it could not be run.
    """

    __test__ = False  # pytest takes a class of this name for tests

    name: str
    state: State
    failures: int | None

    @property
    def stops(self) -> bool:
        """Whether the warehouse must not be replaced."""
        return self.state in ("fail", "error")


def model_of_test(test: Node) -> str | None:
    """The unique id of the model that a test belongs to; None if it tests no model.

    A generic test belongs to the model in whose YAML it is, one in a file of its own (a singular
    test) to the last model that it reads.
    """
    attached = test.get("attached_node")
    read = [one for one in test["depends_on"]["nodes"] if one.startswith(_MODEL)]
    if attached is not None:
        return str(attached) if attached.startswith(_MODEL) else None
    return read[-1] if read else None


def compiled_tests(manifest: Mapping[str, Any]) -> list[DbtTest]:
    """The tests of models in the manifest of ``dbt compile``.

    Raises:
        KeyError: A test was not compiled.
    """
    tests = []
    for node in manifest["nodes"].values():
        model = model_of_test(node) if node["resource_type"] == "test" else None
        if model is None:
            continue
        config = node["config"]
        tests.append(
            DbtTest(
                name=node["name"],
                model=manifest["nodes"][model]["name"],
                severity=config["severity"].lower(),
                fail_calc=config["fail_calc"],
                warn_if=config["warn_if"],
                error_if=config["error_if"],
                limit=config["limit"],
                sql=node["compiled_code"],
            )
        )
    return sorted(tests, key=lambda test: (test.model, test.name))


def write_tests(path: Path, tests: Iterable[DbtTest]) -> None:
    """Store compiled tests as JSON."""
    content = json.dumps([asdict(test) for test in tests], indent=1)
    write_bytes(path, content.encode(), mode=RESTRICTED_FILE)


def read_tests(path: Path) -> list[DbtTest]:
    """The tests that ``write_tests`` has stored."""
    return [DbtTest(**one) for one in json.loads(path.read_text(encoding="utf-8"))]


def run_tests(
    connection: duckdb.DuckDBPyConnection, tests: Iterable[DbtTest]
) -> dict[str, list[TestOutcome]]:
    """Run tests on the warehouse.

    If the statement of a model fails, its tests are run one by one, so that one that cannot be run
    hides no other.

    Args:
        connection: The built warehouse.
        tests: The tests.

    Returns:
        The outcomes by the name of the model, in the order of the tests.
    """
    by_model: defaultdict[str, list[DbtTest]] = defaultdict(list)
    for test in tests:
        by_model[test.model].append(test)
    return {model: _run(connection, own) for model, own in by_model.items()}


def _run(connection: duckdb.DuckDBPyConnection, tests: Sequence[DbtTest]) -> list[TestOutcome]:
    statement = "\nunion all\n".join(_counted(n, test) for n, test in enumerate(tests))
    try:
        rows = connection.execute(f"{statement}\norder by place").fetchall()
    except duckdb.Error:
        if len(tests) == 1:
            return [TestOutcome(tests[0].name, "error", None)]
        return [outcome for test in tests for outcome in _run(connection, [test])]
    return [_judged(test, *row[1:]) for test, row in zip(tests, rows, strict=True)]


def _counted(place: int, test: DbtTest) -> str:
    limit = "" if test.limit is None else f"\nlimit {test.limit}"
    return f"""
select
    {place} as place,
    failures,
    failures {test.warn_if} as should_warn,
    failures {test.error_if} as should_error
from (
    select {test.fail_calc} as failures
    from (
{test.sql}{limit}
    ) as dbt_internal_test
)"""  # noqa: S608 - dbt's own SQL


def _judged(
    test: DbtTest, failures: int | None, should_warn: bool | None, should_error: bool | None
) -> TestOutcome:
    if failures is None:
        return TestOutcome(test.name, "error", None)
    if test.severity == "error" and should_error:
        return TestOutcome(test.name, "fail", failures)
    return TestOutcome(test.name, "warn" if should_warn else "pass", failures)

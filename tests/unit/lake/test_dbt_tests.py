"""The united tests of a model are judged as dbt judges each of them."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from protocol_assets.lake.dbt_tests import (
    DbtTest,
    TestOutcome,
    compiled_tests,
    model_of_test,
    read_tests,
    run_tests,
    write_tests,
)

ROWS = "select * from range(5) where range > 1"


def one(name: str = "one", sql: str = ROWS, **changes: Any) -> DbtTest:
    given: dict[str, Any] = {
        "model": "model",
        "severity": "error",
        "fail_calc": "count(*)",
        "warn_if": "!= 0",
        "error_if": "!= 0",
        "limit": None,
    }
    return DbtTest(name=name, sql=sql, **(given | changes))


def outcomes(*tests: DbtTest) -> list[TestOutcome]:
    with duckdb.connect() as connection:
        return run_tests(connection, tests)["model"]


@pytest.mark.parametrize(
    ("test", "state", "failures"),
    [
        (one(), "fail", 3),
        (one(sql=f"{ROWS} and false -- none\n"), "pass", 0),
        (one(severity="warn"), "warn", 3),
        (one(error_if="> 3"), "warn", 3),
        (one(error_if="> 2"), "fail", 3),
        (one(severity="warn", warn_if="> 3"), "pass", 3),
        (one(limit=2), "fail", 2),
        (one(fail_calc="sum(range)"), "fail", 9),
        (one(sql="select * from nowhere"), "error", None),
        (one(fail_calc="sum(value)", sql="select cast('abc' as int) as value"), "error", None),
        (one(fail_calc="sum(range)", sql=f"{ROWS} and false"), "error", None),
    ],
)
def test_a_test_is_judged_as_by_dbt(test: DbtTest, state: Any, failures: int | None) -> None:
    assert outcomes(test) == [TestOutcome("one", state, failures)]


def test_a_test_that_cannot_run_hides_no_other() -> None:
    told = outcomes(one("a"), one("b", "select * from nowhere"), one("c", severity="warn"))
    assert told == [
        TestOutcome("a", "fail", 3),
        TestOutcome("b", "error", None),
        TestOutcome("c", "warn", 3),
    ]
    assert [each.stops for each in told] == [True, True, False]


def test_each_model_has_its_own_outcomes() -> None:
    with duckdb.connect() as connection:
        told = run_tests(connection, [one(), one("two", model="other", severity="warn")])
    assert {model: [each.state for each in own] for model, own in told.items()} == {
        "model": ["fail"],
        "other": ["warn"],
    }


def node(attached: str | None, *read: str) -> dict[str, Any]:
    return {"attached_node": attached, "depends_on": {"nodes": list(read)}}


@pytest.mark.parametrize(
    ("test", "model"),
    [
        (node("model.p.a", "model.p.terms", "model.p.a"), "model.p.a"),
        (node("source.p.a", "source.p.a"), None),
        (node(None, "model.p.a", "model.p.b"), "model.p.b"),
        (node(None, "source.p.a"), None),
    ],
)
def test_the_model_of_a_test(test: dict[str, Any], model: str | None) -> None:
    assert model_of_test(test) == model


def test_compiled_tests_are_stored_whole(tmp_path: Path) -> None:
    config = {
        "severity": "WARN",
        "fail_calc": "count(*)",
        "warn_if": "> 1",
        "error_if": "> 9",
        "limit": 7,
    }
    test = {
        **node("model.p.a", "model.p.a"),
        "name": "unique_a",
        "resource_type": "test",
        "config": config,
        "compiled_code": "select 1",
    }
    manifest = {
        "nodes": {"test.p.unique_a": test, "model.p.a": {"name": "a", "resource_type": "model"}}
    }
    (compiled,) = compiled_tests(manifest)
    assert compiled == one(
        "unique_a", "select 1", model="a", severity="warn", warn_if="> 1", error_if="> 9", limit=7
    )
    write_tests(tmp_path / "tests.json", [compiled])
    assert read_tests(tmp_path / "tests.json") == [compiled]

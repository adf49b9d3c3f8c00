"""The dbt tests of a build as asset checks: one check per model, with the failed tests by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import dagster as dg

from protocol_assets.lake.dbt_tests import TestOutcome

__all__ = ["CHECK", "check_results", "failed_tests"]

CHECK: Final = "dbt_tests"
"""The name of the check that each tested model has."""
_NOT_RUN: Final = "could not be run"


def check_results(
    outcomes: Mapping[str, Sequence[TestOutcome]], selected: Collection[dg.AssetCheckKey]
) -> Iterator[dg.AssetCheckResult]:
    """The result of each selected check.

    Args:
        outcomes: The outcomes by the name of the model.
        selected: The checks of the run.
    """
    for key in sorted(selected):
        own = outcomes.get(key.asset_key.to_user_string(), ())
        yield dg.AssetCheckResult(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=all(one.state == "pass" for one in own),
            severity=_severity(own),
            description=_description(own),
            metadata={
                "tests": len(own),
                "failed": {
                    one.name: _NOT_RUN if one.failures is None else one.failures
                    for one in own
                    if one.state != "pass"
                },
            },
        )


def failed_tests(outcomes: Mapping[str, Sequence[TestOutcome]]) -> list[str]:
    """The tests that keep the warehouse from being replaced, with what they counted."""
    return sorted(_named(one) for own in outcomes.values() for one in own if one.stops)


def _named(outcome: TestOutcome) -> str:
    if outcome.failures is None:
        return f"{outcome.name} ({_NOT_RUN}; 'dbt test' shows why)"
    return f"{outcome.name} ({outcome.failures} failures)"


def _severity(outcomes: Sequence[TestOutcome]) -> dg.AssetCheckSeverity:
    stops = any(one.stops for one in outcomes)
    return dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN


def _description(outcomes: Sequence[TestOutcome]) -> str:
    failed = sum(one.state != "pass" for one in outcomes)
    tests = "1 test" if len(outcomes) == 1 else f"{len(outcomes)} tests"
    return f"{failed} of {tests} failed" if failed else f"{tests} passed"

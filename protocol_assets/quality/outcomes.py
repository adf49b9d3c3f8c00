"""Outcomes of a suite, in counts and never with a value, and the table that people see."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Outcome", "SuiteResult"]


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

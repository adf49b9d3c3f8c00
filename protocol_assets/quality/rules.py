"""Expectations evaluated over Arrow: one function for each type, counts as their answer.

Each function counts like Great Expectations does over the same rows as a pandas frame;
``tests/unit/quality/test_gate.py`` holds both equal. What is not proven equal, such as another
argument or another type of column, is unsupported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

import pyarrow as pa
import pyarrow.compute as pc

from protocol_assets.quality.conditions import (
    UnsupportedRuleError,
    column_of,
    is_missing,
    row_mask,
)
from protocol_assets.quality.outcomes import Outcome

__all__ = ["RULES", "apply_rule"]

_LARGEST_EXACT: Final = 2**53
"""Integers below it are exact as a float, which is what pandas makes of integers with NULLs."""

# Anchors, characters, classes and how often: these mean the same to Arrow and to Python.
_PLAIN_PATTERN: Final = re.compile(
    r"(?P<body>\^?(?:(?:\[[A-Za-z0-9_-]+\]|[A-Za-z0-9_-])(?:\{\d+\}|[+*?])?)+)(?P<end>\$?)"
)

_SEVERITIES: Final = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class _Counts:
    """What one rule found.

    Attributes:
        rows: Rows that the row condition selects.
        judged: Those whose values are judged; a missing value usually is not.
        unexpected: Those that break the rule.
        is_broken: Whether a rule about no rows fails.
    """

    rows: int
    judged: int
    unexpected: int
    is_broken: bool = False

    def has_passed(self, mostly: float) -> bool:
        """Whether at least this share of the judged rows keeps the rule."""
        share = (self.judged - self.unexpected) / self.judged if self.judged else 1.0
        return share >= mostly and not self.is_broken


_Arguments = Mapping[str, Any]
_Evaluate = Callable[[pa.Table, _Arguments], _Counts]


def apply_rule(expectation: Mapping[str, Any], table: pa.Table) -> Outcome:
    """Evaluate one expectation over a table.

    Args:
        expectation: The expectation, as the suite writes it.
        table: The rows; also without rows.

    Raises:
        UnsupportedRuleError: Only Great Expectations can decide it.
    """
    kind, arguments = str(expectation.get("type")), expectation.get("kwargs")
    severity = expectation.get("severity")
    meta = expectation.get("meta", {})
    if (
        kind not in RULES
        or not isinstance(arguments, Mapping)
        or not isinstance(meta, Mapping)
        or severity not in _SEVERITIES
        or not expectation.keys() <= {"type", "severity", "kwargs", "meta"}
    ):
        raise UnsupportedRuleError("an expectation of another form")
    evaluate, allowed = RULES[kind]
    mostly = arguments.get("mostly", 1)
    if not arguments.keys() <= allowed or not _is_number(mostly) or not 0 <= mostly <= 1:
        raise UnsupportedRuleError("other arguments")
    try:
        found = evaluate(table, arguments)
    except pa.ArrowException as error:
        raise UnsupportedRuleError("Arrow cannot evaluate it") from error
    return Outcome(
        expectation=kind,
        column=", ".join(_columns_named(kind, arguments)),
        scope=str(meta.get("rows", "")),
        severity=severity,
        passed=found.has_passed(mostly),
        rows=found.rows,
        unexpected=found.unexpected,
        mostly=float(mostly),
        crashed=False,
    )


def _match_columns(table: pa.Table, arguments: _Arguments) -> _Counts:
    """``expect_table_columns_to_match_ordered_list``, which counts no rows."""
    names = _names(arguments, "column_list", least=1)
    return _Counts(table.num_rows, 0, 0, is_broken=table.column_names != names)


def _be_unique(table: pa.Table, arguments: _Arguments) -> _Counts:
    """``expect_compound_columns_to_be_unique``; a row without any value is not judged."""
    names = _names(arguments, "column_list", least=2)
    if len(set(names)) != len(names):
        raise UnsupportedRuleError("a column named twice")
    rows = _selected(table, arguments, names)
    for name in names:
        _check_type(rows[name], pa.string(), pa.date32())
    judged = rows.filter(_some_are_there(rows, names))
    counts = judged.group_by(names, use_threads=False).aggregate([([], "count_all")])["count_all"]
    repeated = pc.sum(counts.filter(pc.greater(counts, 1))).as_py() or 0
    return _Counts(rows.num_rows, judged.num_rows, repeated)


def _be_equal(table: pa.Table, arguments: _Arguments) -> _Counts:
    """``expect_column_pair_values_to_be_equal``; a pair without any value is not judged."""
    names = [arguments.get("column_A"), arguments.get("column_B")]
    rows = _selected(table, arguments, names)
    first, second = (column_of(rows, name) for name in names)
    for column in (first, second):
        _check_type(column, pa.string(), pa.date32(), pa.float64())
    if first.type != second.type:
        raise UnsupportedRuleError("two types of columns")
    judged = _count(_some_are_there(rows, names))
    return _Counts(rows.num_rows, judged, judged - _count(pc.equal(first, second)))


def _not_be_null(table: pa.Table, arguments: _Arguments) -> _Counts:
    """``expect_column_values_to_not_be_null``."""
    rows = _selected(table, arguments, [arguments.get("column")])
    return _Counts(rows.num_rows, rows.num_rows, _count(is_missing(rows.column(0))))


def _match_regex(table: pa.Table, arguments: _Arguments) -> _Counts:
    """``expect_column_values_to_match_regex``, for patterns that mean the same in every engine."""
    plain = _PLAIN_PATTERN.fullmatch(str(arguments.get("regex")))
    if plain is None:
        raise UnsupportedRuleError("a pattern with more than classes and counts")
    # Python lets $ match before a last line feed, too.
    pattern = plain["body"] + (r"\n?\z" if plain["end"] else "")

    def matches(values: pa.ChunkedArray) -> pa.ChunkedArray:
        _check_type(values, pa.string())
        return pc.match_substring_regex(values, pattern)

    return _held(table, arguments, matches)


def _be_in_set(table: pa.Table, arguments: _Arguments) -> _Counts:
    """``expect_column_values_to_be_in_set``, of texts or of numbers."""
    allowed = arguments.get("value_set")
    if not isinstance(allowed, list) or not allowed:
        raise UnsupportedRuleError("a set without values")

    def matches(values: pa.ChunkedArray) -> pa.ChunkedArray:
        if values.type == pa.string() and all(isinstance(one, str) for one in allowed):
            return pc.is_in(values, value_set=pa.array(allowed, pa.string()))
        bounds = pa.array([_bound(one) for one in allowed], pa.float64())
        return pc.is_in(_numbers(values), value_set=bounds)

    return _held(table, arguments, matches)


def _be_between(table: pa.Table, arguments: _Arguments) -> _Counts:
    """``expect_column_values_to_be_between``, both bounds included."""
    least, most = (_bound(arguments.get(name)) for name in ("min_value", "max_value"))
    if least > most:
        raise UnsupportedRuleError("bounds in another order")

    def matches(values: pa.ChunkedArray) -> pa.ChunkedArray:
        numbers = _numbers(values)
        return pc.and_(pc.greater_equal(numbers, least), pc.less_equal(numbers, most))

    return _held(table, arguments, matches)


_ANY_COLUMN: Final = frozenset({"mostly", "row_condition", "column"})

RULES: Final[Mapping[str, tuple[_Evaluate, frozenset[str]]]] = {
    "expect_table_columns_to_match_ordered_list": (_match_columns, frozenset({"column_list"})),
    "expect_compound_columns_to_be_unique": (
        _be_unique,
        frozenset({"mostly", "row_condition", "column_list"}),
    ),
    "expect_column_pair_values_to_be_equal": (
        _be_equal,
        frozenset({"mostly", "row_condition", "column_A", "column_B"}),
    ),
    "expect_column_values_to_not_be_null": (_not_be_null, _ANY_COLUMN),
    "expect_column_values_to_match_regex": (_match_regex, _ANY_COLUMN | {"regex"}),
    "expect_column_values_to_be_in_set": (_be_in_set, _ANY_COLUMN | {"value_set"}),
    "expect_column_values_to_be_between": (_be_between, _ANY_COLUMN | {"min_value", "max_value"}),
}
"""The function and the arguments of each type of expectation that the gate decides itself."""


def _held(
    table: pa.Table,
    arguments: _Arguments,
    matches: Callable[[pa.ChunkedArray], pa.ChunkedArray],
) -> _Counts:
    """Counts of a rule about the values of one column; a missing value is not judged."""
    rows = _selected(table, arguments, [arguments.get("column")])
    values = rows.column(0)
    judged = values.filter(pc.invert(is_missing(values)))
    return _Counts(rows.num_rows, len(judged), len(judged) - _count(matches(judged)))


def _selected(table: pa.Table, arguments: _Arguments, names: Sequence[object]) -> pa.Table:
    """These columns, of the rows that the expectation speaks of."""
    columns = {str(name): column_of(table, name) for name in names}
    rows = pa.table(columns)
    condition = arguments.get("row_condition")
    return rows if condition is None else rows.filter(row_mask(table, condition))


def _some_are_there(rows: pa.Table, names: Sequence[object]) -> pa.ChunkedArray:
    missing = [is_missing(column_of(rows, name)) for name in names]
    every = missing[0]
    for other in missing[1:]:
        every = pc.and_(every, other)
    return pc.invert(every)


def _numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    _check_type(column, pa.float64(), pa.int64())
    return pc.add(column.cast(pa.float64(), safe=False), 0.0)  # -0.0 becomes 0.0


def _check_type(column: pa.ChunkedArray, *allowed: pa.DataType) -> None:
    if column.type not in allowed:
        raise UnsupportedRuleError(f"a column of type {column.type}")


def _bound(value: object) -> float:
    if not _is_number(value) or not -_LARGEST_EXACT < value < _LARGEST_EXACT:
        raise UnsupportedRuleError("a number that is none, or too large")
    return value + 0.0


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)


def _names(arguments: _Arguments, argument: str, least: int) -> list[str]:
    names = arguments.get(argument)
    if (
        not isinstance(names, list)
        or len(names) < least
        or not all(isinstance(name, str) for name in names)
    ):
        raise UnsupportedRuleError("not a list of columns")
    return names


def _columns_named(kind: str, arguments: _Arguments) -> list[str]:
    columns = [arguments[name] for name in ("column", "column_A", "column_B") if name in arguments]
    return columns + (arguments["column_list"] if "compound" in kind else [])

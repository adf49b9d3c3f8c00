"""Row conditions of the suites as masks over Arrow.

Only what is proven equal to Great Expectations is decided here; anything else is unsupported.
"""

from __future__ import annotations

import keyword
import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["UnsupportedRuleError", "column_of", "is_missing", "row_mask"]

# Great Expectations writes the parameter into a query of pandas; these texts mean themselves there.
_PLAIN_TEXT: Final = re.compile(r"[A-Za-z0-9_.-]+")


class UnsupportedRuleError(Exception):
    """The gate cannot decide an expectation itself, so Great Expectations has to."""


def column_of(table: pa.Table, name: object) -> pa.ChunkedArray:
    """One column of a table.

    Raises:
        UnsupportedRuleError: The table has none or several of this name.
    """
    if not isinstance(name, str) or len(table.schema.get_all_field_indices(name)) != 1:
        raise UnsupportedRuleError("not a column of the table")
    return table.column(name)


def is_missing(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whether each value is NULL or NaN.

    Raises:
        UnsupportedRuleError: The type of the column is not one of the data sets.
    """
    kind = column.type
    is_known = (
        kind in (pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.time64("us"))
        or pa.types.is_timestamp(kind)
        or pa.types.is_list(kind)
    )
    if not is_known:
        raise UnsupportedRuleError(f"a column of type {kind}")
    return pc.is_null(column, nan_is_null=True)


def row_mask(table: pa.Table, condition: object) -> pa.ChunkedArray:
    """Which rows a condition selects.

    Args:
        table: The rows.
        condition: The ``row_condition`` of an expectation.

    Raises:
        UnsupportedRuleError: The condition is of a form that is not evaluated here.
    """
    match condition:
        case {"type": "and", "conditions": [first, *others], **rest} if not rest:
            mask = _mask_of_one(table, first)
            for other in others:
                mask = pc.and_(mask, _mask_of_one(table, other))
            return mask
        case _:
            return _mask_of_one(table, condition)


def _mask_of_one(table: pa.Table, condition: object) -> pa.ChunkedArray:
    match condition:
        case {
            "type": "nullity",
            "column": {"name": str(name), **others},
            "is_null": bool(is_null),
            **rest,
        } if not rest and not others:
            missing = is_missing(_queried(table, name))
            return missing if is_null else pc.invert(missing)
        case {
            "type": "comparison",
            "column": {"name": str(name), **others},
            "operator": str(operator),
            "parameter": parameter,
            **rest,
        } if not rest and not others:
            return _compared(_queried(table, name), operator, parameter)
        case _:
            raise UnsupportedRuleError("a row condition of another form")


def _queried(table: pa.Table, name: str) -> pa.ChunkedArray:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UnsupportedRuleError("a column whose name is no identifier")
    return column_of(table, name)


def _compared(column: pa.ChunkedArray, operator: str, parameter: object) -> pa.ChunkedArray:
    """A NULL is equal to nothing: it is in no set, and not in every set."""
    is_list = operator in ("IN", "NOT_IN")
    if is_list != isinstance(parameter, list) or operator not in ("==", "!=", "IN", "NOT_IN"):
        raise UnsupportedRuleError("a comparison with another operator")
    values = parameter if isinstance(parameter, list) else [parameter]
    if column.type != pa.string() or not values or not all(map(_is_plain_text, values)):
        raise UnsupportedRuleError("a comparison with other than texts")
    found = pc.is_in(column, value_set=pa.array(values, pa.string()))
    return found if operator in ("==", "IN") else pc.invert(found)


def _is_plain_text(value: object) -> bool:
    return isinstance(value, str) and _PLAIN_TEXT.fullmatch(value) is not None

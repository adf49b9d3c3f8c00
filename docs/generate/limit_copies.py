"""Bring the copies of the limits in step: dbt's variables and the bounds of plausible values."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

from protocol_assets.data import read_table
from protocol_assets.data.limits import dbt_variables, plausible_range

_ROOT: Final = Path(__file__).parents[2]
_PROJECT: Final = _ROOT / "dbt_project" / "dbt_project.yml"
_SUITE: Final = _ROOT / "expectations" / "mr" / "series_facts.json"

_HEAD: Final = """\
vars:
  # Generated from the limits in protocol_assets/data by `make generate`; edit those, not this.
"""
_WIDTH: Final = 100


def outputs() -> dict[Path, str]:
    """The new text of each file."""
    return {
        _PROJECT: _with_variables(_PROJECT.read_text(encoding="utf-8")),
        _SUITE: _with_bounds(_SUITE.read_text(encoding="utf-8")),
    }


def _with_variables(text: str) -> str:
    """Dbt's project with each limit that a model needs, and the reason it has."""
    start, end = text.index("vars:\n"), text.index("\nmodels:\n")
    lines = [_HEAD]
    for name, (value, limit) in dbt_variables().items():
        lines += [f"  # {line}\n" for line in wrap(f"{limit.reason}.", _WIDTH - len("  # "))]
        lines.append(f"  {name}: {value:g}\n")
    lines.append("  # The class of a field strength is that of the first row above it (T).\n")
    lines.append("  field_strength_classes:\n")
    for row in read_table("field_strength_classes.csv"):
        lines.append(f"    - {{class_t: {row['class_t']}, below_t: {row['below_t']}}}\n")
    return text[:start] + "".join(lines) + text[end:]


def _with_bounds(text: str) -> str:
    """The suite of the facts with the bounds of ``plausible_values.csv``.

    A bound within them, of a part of the series, is the suite's own.
    """
    suite: dict[str, Any] = json.loads(text)
    known = {row["column"] for row in read_table("plausible_values.csv")}
    seen: set[str] = set()
    for one in suite["expectations"]:
        column = one["kwargs"].get("column")
        is_range = one["type"] == "expect_column_values_to_be_between" and column in known
        if is_range and column not in seen:
            seen.add(column)
            bounds = zip(("min_value", "max_value"), plausible_range(column), strict=True)
            one["kwargs"] |= {name: _number(value) for name, value in bounds}
        elif is_range:  # the same column again, for some of the series
            one["kwargs"]["min_value"] = _number(plausible_range(column)[0])
    return json.dumps(suite, indent=1, ensure_ascii=False) + "\n"


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() else value

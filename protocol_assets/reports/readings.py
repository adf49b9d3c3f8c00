"""A value that a finding expected or observed, as a text with its unit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from protocol_assets.data import read_table
from protocol_assets.reports.texts import Texts

__all__ = ["parameter_unit", "reading_text"]


def reading_text(
    finding: Mapping[str, Any], side: Literal["expected", "observed"], texts: Texts
) -> str:
    """The number with its unit, or the term; a dash without either.

    Args:
        finding: Row of ``published_findings``.
        side: Which of the two.
        texts: The wording.
    """
    if finding[f"{side}_term"] is not None:
        return str(finding[f"{side}_term"]).replace("_", " ")
    value, unit = finding[side], parameter_unit(finding["parameter"])
    return f"{texts.plain(value)}\u00a0{unit}" if unit and value is not None else texts.plain(value)


def parameter_unit(parameter: str | None) -> str:
    """The sign of a parameter's unit, empty for none."""
    return "" if parameter is None else _units().get(parameter, "")


@cache
def _units() -> dict[str, str]:
    signs = {"deg": "°", "mm3": "mm³"}
    return {
        row["parameter"]: signs.get(row["unit"], row["unit"])
        for row in read_table("drift_tolerances.csv")
    }

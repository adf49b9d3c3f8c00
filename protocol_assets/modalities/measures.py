"""The measures of a modality: ``measures.toml`` in its folder."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from protocol_assets.analysis.spec import Measure, Reading
from protocol_assets.faults import Fault

__all__ = ["read_measures"]


def read_measures(folder: Path) -> dict[str, Measure]:
    """The measures by name.

    Args:
        folder: The modality's folder.

    Raises:
        Fault: The file is missing, or a measure lacks a key or has one that is not known.
    """
    path = folder / "measures.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        found = [_measure(row) for row in content["measure"]]
    except KeyError as error:
        raise Fault(f"{folder.name}/measures.toml has no {error.args[0]!r}; add it") from error
    except (OSError, TypeError, ValueError) as error:
        raise Fault(f"{folder.name}/measures.toml cannot be read: {error}") from error
    return {one.name: one for one in found}


def _measure(row: dict[str, Any]) -> Measure:
    direction = row.pop("direction")
    if direction != "lower":
        raise ValueError(f"direction must be 'lower', not {direction!r}")
    return Measure(
        **row
        | {name: Reading(**row[name]) for name in ("past", "peers")}
        | {"ranged": tuple(row["ranged"])}
    )

"""The hospital's signed targets, applied to the scanner protocols in their scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.spec import AnalysisSpec
from protocol_assets.analysis.target_scope import TARGET_SCOPE

__all__ = ["Signed", "signed_measure", "signed_targets"]


@dataclass(frozen=True, slots=True)
class Signed:
    """The signed targets of a measure.

    Attributes:
        by_parameter: ``value`` and ``name`` from ``signed_targets``, by column of the measure, the
            one that decides first.
    """

    by_parameter: Mapping[str, pd.DataFrame]

    @property
    def applies(self) -> npt.NDArray[np.bool]:
        """Which scanner protocols have one."""
        found = [one["value"].notna().to_numpy() for one in self.by_parameter.values()]
        return np.asarray(np.logical_or.reduce(found), dtype=np.bool)


def signed_measure(
    levels: pd.DataFrame, spec: AnalysisSpec, targets: pd.DataFrame, as_of: pd.Timestamp
) -> Signed:
    """The targets of the measure that are in force for every scanner protocol."""
    judged = spec.judged_as(levels)
    return Signed(
        {name: signed_targets(judged, targets, name, as_of) for name in spec.measure.parameters}
    )


def signed_targets(
    levels: pd.DataFrame, targets: pd.DataFrame, parameter: str, as_of: pd.Timestamp
) -> pd.DataFrame:
    """The target in force for one parameter of every scanner protocol.

    Returns:
        ``value`` and ``name``, absent where no target applies; indexed as ``levels``.
    """
    found = pd.DataFrame({"value": np.nan, "name": None}, index=levels.index)
    found["name"] = found["name"].astype(object)
    if targets.empty:
        return found
    valid_from = pd.to_datetime(targets["valid_from"])
    valid_to = pd.to_datetime(targets["valid_to"])
    in_force = targets[
        (targets["parameter"] == parameter)
        & (valid_from <= as_of)
        & (valid_to.isna() | (valid_to >= as_of))
    ]
    # The closest last, so that it has the last word.
    for target in sorted(in_force.to_dict("records"), key=_closeness):
        applies = pd.Series(True, index=levels.index)
        for column in TARGET_SCOPE:
            if pd.isna(target[column]):
                continue
            # Before an agent the protocol is the one without.
            wanted = "none" if target[column] == "pre" else target[column]
            applies &= (levels[column] == wanted) if column in levels else False
        found.loc[applies, "value"] = target["value"]
        found.loc[applies, "name"] = f"{target['target']} v{target['version']}"
    return found


def _closeness(target: dict[Any, Any]) -> tuple[bool, ...]:
    return tuple(not pd.isna(target[column]) for column in TARGET_SCOPE)

"""What is proposed where an MR protocol averages more than its reference, and what it saves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.spec import CostModel
from protocol_assets.modalities.mr.analysis.settable import next_settable

__all__ = ["carry_targets", "set_costs", "set_what_if"]

_FEWEST_TO_HALVE: Final = 2.0
"""With fewer averages, one fewer would be none, or a partial Fourier acquisition and no average."""


def carry_targets(
    levels: pd.DataFrame, targets: Mapping[str, pd.Series]
) -> Mapping[str, pd.Series]:
    """Targets on averaging, effective averages and NEX as averaging.

    A target on NEX is carried over at the scanner's own oversampling, one on effective averages at
    its own acceleration and partial Fourier. Where the averaging is not reported, its lower bound
    is held against the target.
    """
    is_exact = levels["measure"] == "averaging"
    share = levels["partial_fourier_fraction"].fillna(1.0)
    effective = targets["effective_averages"] * levels["acceleration"] / share
    return {
        "averaging": targets["averaging"],
        "effective_averages": effective.where(is_exact),
        "nex": targets["nex"] * levels["level"] / levels["setting_level"],
    }


def set_what_if(found: pd.DataFrame) -> None:
    """Add the reference, as the console can set it; without one, one average fewer, as a what-if.

    Averages come first, at the scanner's own oversampling; what they cannot give comes from less
    oversampling. Averaging is never proposed below 1: less than every line is partial Fourier.
    """
    one_fewer = (found["setting_level"] - 1).where(found["setting_level"] >= _FEWEST_TO_HALVE)
    has_reference = found["reference_level"].notna()
    added = found["level"] / found["setting_level"]
    wanted = found["reference_level"].clip(lower=1.0)
    slack = limit("same_level")
    by_averages = next_settable(wanted / added / slack, found["vendor"]).clip(lower=1.0)
    takes_averages = by_averages < found["setting_level"]
    level = (by_averages * added).where(takes_averages, wanted)
    level = level.where(has_reference, one_fewer * added)
    kind = pd.Series(np.where(has_reference, "reference", "one fewer"), index=found.index)
    lower = (level > 0) & (level < found["level"])
    found["what_if_level"] = level.where(lower)
    found["what_if_kind"] = kind.astype(object).where(lower, None)
    # Noise falls with the root of the samples acquired.
    found["snr_ratio"] = np.sqrt(found["what_if_level"] / found["level"])


def set_costs(found: pd.DataFrame, model: CostModel) -> None:
    """Add the seconds now, as the scanner states them, else by the model, and then.

    Only the preparation does not follow the averages. The formula may lack a parameter of the
    sequence; what the scanner states lacks none.
    """
    ratio = found["what_if_level"] / found["level"]
    now = model.predict(found, found["nominal_cost"])
    still = model.predict(found, pd.Series(0.0, index=found.index))["predicted_s"].clip(lower=0.0)
    stated = found["stated_cost"]
    seconds = stated.where(stated.notna(), now["predicted_s"])
    found["scan_time_now_s"] = seconds
    scalable = (seconds - still).clip(lower=0.0)
    found["scan_time_at_target_s"] = scalable * ratio + (seconds - scalable)
    basis = pd.Series(np.where(stated.notna(), "observed", "model"), index=found.index)
    found["time_basis"] = basis.astype(object).where(seconds.notna(), None)
    found["saving_s"] = seconds - found["scan_time_at_target_s"]
    found["error_p5_pct"], found["error_p95_pct"] = now["error_p5_pct"], now["error_p95_pct"]
    found["time_level"] = now["level"]
    found["time_error_median_pct"] = now["error_median_pct"]
    found["time_is_off"] = now["is_off"]

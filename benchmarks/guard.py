"""Operating characteristic of the guard: how often harmless and harmful changes are held.

    python -m benchmarks.guard

Rates before: repeats 5 %, extra sequences 8 %, aborted acquisitions 0.4 % of the exams. Harm adds
to the repeats.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from protocol_assets.analysis.guard import EVENTS, Counts, guard
from protocol_assets.analysis.limits import limit

__all__ = ["held_share"]

_RATES: Final = {"repeat": 0.05, "extra": 0.08, "aborted": 0.004}
_CHANGES: Final = 1000


def held_share(
    n_before: int, n_after: int, harm: float, *, changes: int = _CHANGES, seed: int = 1
) -> float:
    """Share of changes that the guard holds.

    Args:
        n_before: Exams before a change.
        n_after: Exams after it.
        harm: Added to the rate of repeats by the change.
        changes: How many are drawn.
        seed: Of the random numbers.
    """
    random = np.random.default_rng(seed)

    def drawn(n: int, added: float) -> Counts:
        return {
            event: (int(random.binomial(n, _RATES[event] + added * (event == "repeat"))), n)
            for event in EVENTS
        }

    verdicts = []
    for _ in range(changes):
        own = drawn(n_before, 0.0), drawn(n_after, harm)
        verdicts.append(guard(own, own).is_held is True)
    return float(np.mean(verdicts))


def main() -> None:
    """Print the table."""
    rows = [
        {"before": before, "after": after}
        | {f"+{100 * harm:.0f} points": held_share(before, after, harm) for harm in (0, 0.05, 0.2)}
        for before in (60, 120)
        for after in (20, 60, 120)
    ]
    print(f"margin {limit('guard_margin'):g}, one-sided confidence {limit('guard_confidence'):g}")
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()

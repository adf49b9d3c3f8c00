"""The descriptor benchmark, small: no contaminated text is released, most frequent labels are."""

from __future__ import annotations

import pytest

from benchmarks.descriptors import run


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_leaks_and_most_labels_are_released(seed: int) -> None:
    outcome = run(1500, seed)
    assert outcome.leaked == []
    assert outcome.contaminated > 500
    assert outcome.released_share >= 0.95


def test_a_new_deployment_releases_nothing() -> None:
    outcome = run(10)
    assert (outcome.frequent, outcome.released) == (0, 0)

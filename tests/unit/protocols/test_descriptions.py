"""The rules on descriptions as they are typed, labelled by hand, in six languages with noise.

``descriptions.csv`` is the list the rules were written with. ``descriptions_unseen.csv`` was
labelled by somebody who did not know the rules, and was read first when they stood.
"""

from pathlib import Path

import pytest

from tests.unit.protocols.scoring import score


@pytest.mark.parametrize("name", ["descriptions.csv", "descriptions_unseen.csv"])
def test_a_labelled_list(name: str) -> None:
    found = score(Path(__file__).with_name(name))
    print(found)
    assert found.descriptions >= 300
    assert found.coverage >= 0.90
    assert found.wrong_at_high_confidence <= 0.01
    assert found.t1_t2_swaps <= 0.005
    assert found.pre_post_swaps <= 0.005
    assert found.macro_f1 >= 0.90

"""The rules on descriptions as they are typed, labelled by hand, in six languages with noise.

``descriptions.csv`` is the list the rules were written with. ``descriptions_unseen.csv`` was
labelled by somebody who did not know the rules, and was read first when they stood.
``descriptions_languages.csv`` holds what studies are called in further languages; it was written
before any rule for them.
"""

import csv
from collections import Counter
from pathlib import Path

import pytest

from protocol_assets.modalities.mr.classify import classified, series_of
from tests.unit.modalities.scoring import score


@pytest.mark.parametrize("name", ["descriptions.csv", "descriptions_unseen.csv"])
def test_a_labelled_list(name: str) -> None:
    found = score(Path(__file__).parents[1] / name)
    print(found)
    assert found.descriptions >= 300
    assert found.coverage >= 0.90
    assert found.wrong_at_high_confidence <= 0.01
    assert found.t1_t2_swaps <= 0.005
    assert found.pre_post_swaps <= 0.005
    assert found.macro_f1 >= 0.90


LANGUAGES = Path(__file__).parents[1] / "descriptions_languages.csv"
ADDED_LANGUAGES = {"pl", "cs", "ru", "tr", "sv", "hu", "zh", "ja", "ro", "da", "no"}
ADDED_ANATOMIES = {
    "elbow",
    "fetus",
    "forearm",
    "lower_leg",
    "sacrum",
    "temporomandibular_joint",
    "thigh",
}


@pytest.mark.parametrize("column", ["anatomy", "role", "contrast"])
def test_the_list_of_further_languages(column: str) -> None:
    with LANGUAGES.open(encoding="utf-8", newline="") as lines:
        wanted = [row[column] or None for row in csv.DictReader(lines)]
    with LANGUAGES.open(encoding="utf-8", newline="") as lines:
        found = [classified(row)[column] for row in series_of(lines)]
    wrong = [pair for pair in zip(wanted, found, strict=True) if pair[1] not in (pair[0], None)]
    right = sum(a == b for a, b in zip(wanted, found, strict=True))
    assert wrong == []
    assert right / len(wanted) >= 0.98


def test_the_list_of_further_languages_is_long_enough() -> None:
    with LANGUAGES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    languages = Counter(row["language"] for row in rows)
    anatomies = Counter(row["anatomy"] for row in rows)
    assert all(languages[one] >= 15 for one in ADDED_LANGUAGES)
    assert all(anatomies[one] >= 15 for one in ADDED_ANATOMIES)

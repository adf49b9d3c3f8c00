"""The scores of the proof of concept, on cases small enough to count by hand."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from benchmarks.poc_scores import (
    change_scores,
    matched_changes,
    potential_by,
    relapse_scores,
    time_errors,
)
from protocol_assets.analysis.frame import SERIES
from protocol_assets_simulator.comparison import places, potential_scores

DAY = pd.Timestamp("2025-09-01")
NEVER = pd.NaT


def days(number: int) -> pd.Timedelta:
    return pd.Timedelta(days=number)


def judged(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        rows, columns=["kind", "vendor", "assessment", "has_potential"], dtype=object
    )


MIXED = judged(
    ("potential", "ge", "assessable", True),
    ("potential", "ge", "assessable", False),
    ("potential", "philips", "insufficient", None),
    ("potential", "philips", "not assessable", None),
    ("none", "ge", "assessable", False),
    ("legitimate_old_coil", "ge", "assessable", True),
)


def test_precision_and_recall_are_of_the_assessable() -> None:
    score = potential_scores(MIXED)
    assert score["precision"] == 1 / 2
    assert score["recall"] == 1 / 2
    assert score["recall_of_all"] == 1 / 4
    assert score["insufficient"] == score["not_assessable"] == pytest.approx(1 / 6)


def test_a_flag_on_what_is_not_assessable_is_no_find() -> None:
    score = potential_scores(judged(("potential", "ge", "insufficient", True)))
    assert score["flagged"] == 0
    assert math.isnan(score["precision"])


def test_a_scanner_protocol_beside_the_largest_counts_against_precision() -> None:
    score = potential_scores(
        judged(("potential", "ge", "assessable", True), ("stray", "ge", "assessable", True))
    )
    assert score["precision"] == 1 / 2
    assert score["recall"] == 1


def test_each_vendor_stands_apart() -> None:
    by = potential_by(MIXED, "vendor")
    assert by.loc["ge", "recall"] == 1 / 2
    assert by.loc["philips", "assessable"] == 0


def truth(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["station", "protocol", "changed_on", "relapsed_on"]).astype(
        {"changed_on": "datetime64[us]", "relapsed_on": "datetime64[us]"}
    )


def found(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["device_key", "protocol_key", "changed_on", "kind"]).astype(
        {"changed_on": "datetime64[us]"}
    )


def watched(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["device_key", "protocol_key", "state", "shortest_seen_days"])


# Two scanner protocols of the platform show the first place.
PLACES = pd.DataFrame(
    [
        ("A", "t1.none", "MR1", "sag_t1"),
        ("A", "t1.pre", "MR1", "sag_t1"),
        ("B", "t1.none", "MR2", "sag_t1"),
        ("C", "t1.none", "MR3", "sag_t1"),
    ],
    columns=["device_key", "protocol_key", "station", "protocol"],
)
TRUTH = truth(
    ("MR1", "sag_t1", DAY, NEVER),
    ("MR2", "sag_t1", DAY, DAY + days(60)),
    ("MR3", "sag_t1", NEVER, NEVER),
)
WATCHED = watched(
    ("A", "t1.none", "watched", 25.0),
    ("A", "t1.pre", "insufficient", 90.0),
    ("B", "t1.none", "watched", 25.0),
    ("C", "t1.none", "watched", 25.0),
)


def test_the_closest_change_of_any_scanner_protocol_is_the_one() -> None:
    changes = found(
        ("A", "t1.none", DAY + days(9), "decrease"), ("A", "t1.pre", DAY - days(2), "decrease")
    )
    matched = matched_changes(changes, PLACES, TRUTH)
    assert matched["off_days"].tolist()[0] == 2
    assert matched["found_on"].isna().tolist() == [False, True]


def test_a_change_months_away_is_another_one() -> None:
    changes = found(("A", "t1.none", DAY + days(80), "decrease"))
    assert matched_changes(changes, PLACES, TRUTH)["found_on"].isna().all()
    assert change_scores(changes, WATCHED, PLACES, TRUTH, 365)["extra"] == 1


def test_a_change_found_twice_at_one_place_is_no_other_change() -> None:
    changes = found(
        ("A", "t1.none", DAY + days(9), "decrease"), ("A", "t1.pre", DAY - days(2), "decrease")
    )
    score = change_scores(changes, WATCHED, PLACES, TRUTH, 365)
    assert score["extra"] == 0
    assert score["false_alarms"] == 0


def test_false_alarms_are_a_rate_over_the_unchanged() -> None:
    changes = found(("C", "t1.none", DAY, "increase"))
    half_a_year = change_scores(changes, WATCHED, PLACES, TRUTH, 183)
    assert half_a_year["unchanged"] == 1
    assert half_a_year["false_alarms"] == 1
    assert half_a_year["false_alarms_per_100_years"] == pytest.approx(200, rel=0.01)


def told(
    between: int, after: int, before: int = 5, levels: tuple[float, float, float] = (2.0, 1.0, 2.0)
) -> pd.DataFrame:
    """Exams of the second scanner before its change, between that and the relapse, and after."""
    firsts = (DAY - days(30), DAY, DAY + days(60))
    rows = [
        ("B", "t1.none", first + days(n), level)
        for first, count, level in zip(firsts, (before, between, after), levels, strict=True)
        for n in range(count)
    ]
    return pd.DataFrame(rows, columns=[*SERIES, "study_date", "value"])


def test_a_relapse_counts_as_missed_only_where_it_could_be_seen() -> None:
    changes = found(("B", "t1.none", DAY, "decrease"), ("B", "t1.none", DAY + days(62), "relapse"))
    assert relapse_scores(changes, told(5, 5), PLACES, TRUTH)["found_of_visible"] == 1
    missed = relapse_scores(changes.head(1), told(5, 5), PLACES, TRUTH)
    assert missed["found_of_visible"] == 0
    assert missed["scanners_found"] == 0
    unreported = (told(9, 9, levels=(2.0, 2.0, 2.0)), told(9, 9, levels=(2.0, 1.0, 1.0)))
    for too_few in (told(4, 9), told(9, 4), told(9, 9, 4), *unreported):
        unseen = relapse_scores(changes.head(1), too_few, PLACES, TRUTH)
        assert unseen["visible"] == 0
        assert unseen["true"] == 1


def test_a_relapse_where_there_was_none_is_false() -> None:
    changes = found(("C", "t1.none", DAY, "relapse"))
    assert relapse_scores(changes, told(5, 5), PLACES, TRUTH)["false"] == 1


def test_scan_times_are_compared_by_method() -> None:
    times = pd.DataFrame(
        {
            "scan_time_s": [110.0, 100.0, 95.0, None],
            "true_scan_time_s": [100.0, 100.0, 100.0, 100.0],
            "scan_time_method": ["formula", "formula", "ge_private", "formula"],
        }
    )
    errors = time_errors(times, "scan_time_method")
    assert errors.loc["formula", "median_error_pct"] == pytest.approx(5)
    assert errors.loc["formula", "known"] == pytest.approx(2 / 3)
    assert errors.loc["ge_private", "bias_pct"] == pytest.approx(-5)
    assert errors.loc["all", "n"] == 4


def test_a_scanner_protocol_belongs_where_most_of_its_acquisitions_do() -> None:
    rows = pd.DataFrame(
        [("A", "t1", "MR1", "sag_t1")] * 3
        + [("A", "t1", "MR1", "ax_t1")]
        + [("A", "pre", "MR1", "sag_t1")],
        columns=["device_key", "protocol_key", "station", "protocol"],
    )
    found_places = places(rows).set_index("protocol_key")
    assert found_places.loc["t1", "protocol"] == "sag_t1"
    assert found_places.loc["t1", "share"] == 3 / 4
    assert found_places["is_main"].to_dict() == {"t1": True, "pre": False}

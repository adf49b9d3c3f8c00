"""The times of whole exams, once per scanner and visit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from protocol_assets.analysis.change_points import protocol_changes
from protocol_assets.analysis.exam_shifts import exam_shifts
from protocol_assets.analysis.frame import prepared
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from tests.unit.analysis.fleets import START, acquisitions, exams, nothing_registered

CHANGED = 180
ROLES = ("sag_t2", "sag_t1", "ax_t2")


def day(number: int) -> pd.Timestamp:
    return START + pd.Timedelta(days=number)


def scanner(
    device: str, seed: int, *, n: int = 240, changed: tuple[str, ...] = (), on: int = CHANGED
) -> pd.DataFrame:
    """Exams of three protocols; those named take half the averages from a day on."""
    random = np.random.default_rng(seed)
    days = np.sort(random.integers(0, 365, n))
    keys = [f"{device}.{i}" for i in range(n)]
    parts = [
        acquisitions(
            days,
            device_key=device,
            role=role,
            weighting=role[-2:],
            exam_key=keys,
            patient_key=[f"patient of {key}" for key in keys],
            nex=np.where((days >= on) & (role in changed), 1.0, 2.0),
        )
        for role in ROLES
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["scan_time_s"] *= random.lognormal(0, 0.01, len(frame))
    return frame


def register(frame: pd.DataFrame, role: str, on: int = CHANGED) -> dict[str, Any]:
    own = frame[frame["role"] == role]
    return {
        "device_key": own["device_key"].iloc[0],
        "protocol_key": own["protocol_key"].iloc[0],
        "changed_on": day(on),
        "volume_per_month": 20.0,
        "promised_minutes_per_month": 20.0,
        "quality_signed_on": None,
    }


def shifts(
    *frames: pd.DataFrame,
    registered: list[dict[str, Any]],
    fct_exam: pd.DataFrame | None = None,
    controls: int = 3,
) -> pd.DataFrame:
    quiet = [scanner(f"C{i}", 50 + i) for i in range(controls)]
    frame = pd.concat([*frames, *quiet], ignore_index=True)
    typed = prepared(frame, AVERAGING)
    return exam_shifts(
        typed,
        AVERAGING,
        protocol_changes(typed, AVERAGING),
        exams(frame) if fct_exam is None else fct_exam,
        pd.DataFrame(registered) if registered else nothing_registered(),
        day(364),
    )


def test_protocols_that_changed_in_one_visit_have_one_row() -> None:
    mine = scanner("A", 1, changed=("sag_t2", "sag_t1"))
    registered = [register(mine, "sag_t2"), register(mine, "sag_t1", CHANGED + 9)]
    (one,) = shifts(mine, registered=registered).to_dict("records")
    assert (one["device_key"], one["visit_on"], one["visit_until"]) == (
        "A",
        day(CHANGED),
        day(CHANGED + 9),
    )
    assert (one["n_changes"], one["n_registered"]) == (2, 2)
    # Both halve 136 s: an exam holds both, once.
    assert one["scan_time_sum_shift_s"] == pytest.approx(-136, abs=3)
    assert one["scan_time_sum_median_before_s"] == pytest.approx(408, abs=3)
    assert one["scan_time_sum_median_after_s"] == pytest.approx(272, abs=3)
    assert one["exam_span_shift_s"] == pytest.approx(-136, abs=3)
    assert one["gap_time_shift_s"] == 0
    days = (mine["study_date"] - day(0)).dt.days.drop_duplicates()
    exams_of = mine.drop_duplicates("exam_key")["study_date"]
    before = exams_of.between(day(CHANGED - 90), day(CHANGED - 1)).sum()
    after = exams_of.between(day(CHANGED + 9), day(CHANGED + 98)).sum()
    assert days.max() > CHANGED + 98
    assert (one["exam_span_n_before"], one["exam_span_n_after"]) == (before, after)
    assert one["exam_span_patients_before"] == before
    assert (one["before_from"], one["before_to"]) == (day(CHANGED - 90), day(CHANGED - 1))
    assert (one["after_from"], one["after_to"]) == (day(CHANGED + 9), day(CHANGED + 98))


def test_scanners_without_any_change_are_the_controls() -> None:
    """One control scanner has one vote, however many of its protocols are alike."""
    mine = scanner("A", 1, changed=("sag_t2", "sag_t1"))
    registered = [register(mine, "sag_t2"), register(mine, "sag_t1")]
    (one,) = shifts(mine, registered=registered).to_dict("records")
    assert one["scan_time_sum_n_controls"] == 3
    assert one["scan_time_sum_adjusted_s"] == pytest.approx(-136, abs=4)
    (alone,) = shifts(mine, registered=registered, controls=2).to_dict("records")
    assert np.isnan(alone["scan_time_sum_adjusted_s"])


def test_two_visits_and_two_scanners_are_rows_of_their_own() -> None:
    mine, other = scanner("A", 1, changed=("sag_t2",)), scanner("B", 2, changed=("sag_t2",))
    registered = [
        register(mine, "sag_t2"),
        register(mine, "ax_t2", CHANGED + 60),
        register(other, "sag_t2"),
    ]
    result = shifts(mine, other, registered=registered)
    assert list(zip(result["device_key"], result["visit_on"], strict=True)) == [
        ("A", day(CHANGED)),
        ("A", day(CHANGED + 60)),
        ("B", day(CHANGED)),
    ]
    # Days that the other visit has changed are not compared.
    assert result["after_to"].tolist()[0] == day(CHANGED + 59)
    assert result["before_from"].tolist()[1] == day(CHANGED)


def test_quarantined_exams_have_no_times() -> None:
    mine = scanner("A", 1, changed=("sag_t2",))
    quiet = [scanner(f"C{i}", 50 + i) for i in range(3)]
    known = exams(pd.concat([mine, *quiet]))
    known["is_quarantined"] = known["exam_key"].str.startswith("A.")
    (one,) = shifts(mine, registered=[register(mine, "sag_t2")], fct_exam=known).to_dict("records")
    assert one["exam_span_n_before"] == 0
    assert np.isnan(one["exam_span_shift_s"])


def test_changes_found_in_the_data_are_counted_apart() -> None:
    mine = scanner("A", 1, changed=("sag_t2",))
    (one,) = shifts(mine, registered=[]).to_dict("records")
    assert (one["n_changes"], one["n_registered"]) == (1, 0)


def test_few_exams_are_compared_over_twice_the_days() -> None:
    mine = scanner("A", 1, n=24)
    (one,) = shifts(mine, registered=[register(mine, "sag_t2")]).to_dict("records")
    assert one["compared_days"] == 180


def test_without_changes_there_is_no_row() -> None:
    assert shifts(scanner("A", 1), registered=[]).empty

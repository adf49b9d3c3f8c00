"""The frame: types, scanners with a new serial number, volume."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from protocol_assets.analysis.frame import prepared, volume_per_month
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from tests.unit.analysis.fleets import START, acquisitions


def two_serials(first: int, second: int, **second_columns: Any) -> pd.DataFrame:
    old = acquisitions(range(first), device_key="OLD", station_code="MR1")
    columns: dict[str, Any] = {"device_key": "NEW", "station_code": "MR1"} | second_columns
    new = acquisitions(range(second, second + 50), **columns)
    return pd.concat([old, new], ignore_index=True)


def test_a_new_serial_number_under_the_same_station_is_the_same_scanner() -> None:
    frame = prepared(two_serials(100, 103), AVERAGING)
    assert set(frame["device_key"]) == {"NEW"}


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(two_serials(100, 50), id="two scanners use the name at a time"),
        pytest.param(two_serials(100, 103, model="Other"), id="another model"),
        pytest.param(two_serials(100, 300), id="silent for half a year"),
        pytest.param(two_serials(100, 103, station_code=None), id="no station name"),
        pytest.param(two_serials(100, 103, pacs="other"), id="another hospital's MR1"),
    ],
)
def test_other_serial_numbers_are_other_scanners(frame: pd.DataFrame) -> None:
    assert set(prepared(frame, AVERAGING)["device_key"]) == {"OLD", "NEW"}


def test_absent_stays_absent() -> None:
    frame = acquisitions(range(3), nex=[1.0, None, 2.0], coil_code=[None, "C", np.nan])
    typed = prepared(frame, AVERAGING)
    assert typed["nex"].isna().tolist() == [False, True, False]
    assert typed["coil_code"].tolist() == [None, "C", None]


def test_acquisitions_without_a_scanner_belong_to_no_series() -> None:
    frame = acquisitions(range(4))
    frame["device_key"] = ["A", None, np.nan, "A"]
    assert len(prepared(frame, AVERAGING)) == 2


def test_a_missing_column_and_a_double_row_are_refused() -> None:
    frame = acquisitions(range(3))
    with pytest.raises(ValueError, match="lack the columns tr_ms"):
        prepared(frame.drop(columns="tr_ms"), AVERAGING)
    with pytest.raises(ValueError, match="twice"):
        prepared(pd.concat([frame, frame]), AVERAGING)


def test_the_acquired_voxel_does_not_shrink_by_interpolation() -> None:
    plain = prepared(acquisitions([0]), AVERAGING)
    finer = prepared(
        acquisitions(
            [0], rows=1024, columns=1024, pixel_spacing_row_mm=0.3, pixel_spacing_column_mm=0.3
        ),
        AVERAGING,
    )
    assert plain["voxel_mm3"].iloc[0] == pytest.approx(307.2**2 / (384 * 352) * 4)
    assert finer["voxel_mm3"].iloc[0] == pytest.approx(plain["voxel_mm3"].iloc[0])
    assert finer["pixel_volume_mm3"].iloc[0] < plain["pixel_volume_mm3"].iloc[0]


def test_volume_is_the_mean_of_the_last_three_closed_months() -> None:
    # 2024: January 31 days, February 29, March 31, April 30
    days = [*range(31)] + [*range(31, 60)] * 2 + [*range(60, 91)] + [*range(91, 106)]
    frame = prepared(acquisitions(days), AVERAGING)
    mid_april = START + pd.Timedelta(days=105)
    assert volume_per_month(frame, mid_april).iloc[0] == pytest.approx((31 + 58 + 31) / 3)
    end_of_april = START + pd.Timedelta(days=120)
    assert volume_per_month(frame, end_of_april).iloc[0] == pytest.approx((58 + 31 + 15) / 3)


def test_no_closed_month_is_no_volume() -> None:
    frame = prepared(acquisitions(range(20)), AVERAGING)
    assert volume_per_month(frame, START + pd.Timedelta(days=19)).isna().all()


@pytest.mark.parametrize(("named", "term"), [(8, "none"), (7, None)])
def test_a_scanner_that_names_fat_suppression_elsewhere_has_none_where_it_does_not(
    named: int, term: str | None
) -> None:
    plain = acquisitions(range(3), role="sag_t1", fat_suppression=None)
    fat = acquisitions(range(named), role="sag_t2", fat_suppression="fat_saturation")
    other = acquisitions(range(3), device_key="B", fat_suppression=None)
    frame = prepared(pd.concat([plain, fat, other], ignore_index=True), AVERAGING)
    own = frame[frame["role"] == "sag_t1"]
    assert own["fat_suppression"].tolist() == [term] * 3
    assert frame.loc[frame["device_key"] == "B", "fat_suppression"].isna().all()

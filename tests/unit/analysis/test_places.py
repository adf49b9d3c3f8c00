"""Devices that stood at one place, one after the other."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from protocol_assets.analysis.frame import prepared
from protocol_assets.analysis.places import replaced_on, replacements
from protocol_assets.analysis.tables import analysis_tables
from protocol_assets.governance.findings import findings_table
from protocol_assets.governance.targets import targets_table
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from tests.unit.analysis.fleets import START, acquisitions, exams

PLACE = {"station_code": "MR1", "site": "North"}


def device(key: str, first: int, days: int = 50, **columns: Any) -> pd.DataFrame:
    return acquisitions(range(first, first + days), device_key=key, **(PLACE | columns))


def together(*frames: pd.DataFrame) -> pd.DataFrame:
    return prepared(pd.concat(frames, ignore_index=True), AVERAGING)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(device("NEW", 60), id="a new main board"),
        pytest.param(device("NEW", 60, model="Other"), id="another model"),
        pytest.param(device("NEW", 200, model="Other"), id="after five months of building"),
        pytest.param(device("NEW", 60, model="Other", pacs="new"), id="another PACS as well"),
    ],
)
def test_a_device_that_follows_at_the_same_place_takes_it_over(second: pd.DataFrame) -> None:
    assert set(together(device("OLD", 0), second)["device_key"]) == {"NEW"}


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(device("NEW", 49, model="Other"), id="both in use on one day"),
        pytest.param(device("NEW", 20, model="Other"), id="both in use at a time"),
        pytest.param(device("NEW", 10, 5, model="Other"), id="a guest in between"),
        pytest.param(device("NEW", 240, model="Other"), id="silent for more than half a year"),
        pytest.param(device("NEW", 60, model="Other", site="South"), id="another site"),
        pytest.param(device("NEW", 60, model="Other", site=None), id="site not named yet"),
        pytest.param(device("NEW", 60, model="Other", station_code="MR2"), id="another station"),
        pytest.param(device("NEW", 60, model="Other", vendor="ge"), id="another vendor"),
    ],
)
def test_other_devices_are_places_of_their_own(second: pd.DataFrame) -> None:
    assert set(together(device("OLD", 0), second)["device_key"]) == {"OLD", "NEW"}


def test_a_third_device_in_use_at_the_time_joins_none() -> None:
    frame = together(
        device("OLD", 0), device("NEW", 60, model="Other"), device("THIRD", 40, model="Third")
    )
    assert set(frame["device_key"]) == {"OLD", "NEW", "THIRD"}


def test_a_place_outlives_several_devices() -> None:
    frame = together(device("A", 0), device("B", 52), device("C", 110, model="Other"))
    assert set(frame["device_key"]) == {"C"}


def test_a_replacement_is_a_change_of_every_protocol() -> None:
    frame = together(
        device("OLD", 0),
        device("OLD", 0, role="sag_t1", prefix="t1"),
        device("NEW", 60, model="Other"),
    )
    day = START + pd.Timedelta(days=60)
    assert replaced_on(frame).to_dict() == {"NEW": day}
    found = replacements(frame)
    assert found["device_key"].tolist() == ["NEW", "NEW"]
    assert found["protocol_key"].nunique() == 2
    assert set(found["changed_on"]) == {day}


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([device("A", 0), device("B", 60)], id="a new main board"),
        pytest.param([device("A", 0)], id="one device"),
        pytest.param(
            [device("A", 0), device("A", 50, 1, model="Test", prefix="x")], id="one odd day"
        ),
        pytest.param(
            [device("A", 0), device("A", 20, model="B", prefix="x")], id="two names at a time"
        ),
        pytest.param([device("A", 0, model=None)], id="no model"),
    ],
)
def test_what_is_no_replacement(frames: list[pd.DataFrame]) -> None:
    frame = together(*frames)
    assert replaced_on(frame).empty
    assert replacements(frame).empty


def test_the_new_device_is_judged_by_its_own_acquisitions_alone() -> None:
    old = device("OLD", 0, 100, nex=2.0)
    new = device("NEW", 103, 10, model="Other", nex=1.0)
    frame = pd.concat([old, new], ignore_index=True)
    nothing = targets_table([]).to_pandas(), findings_table([]).to_pandas()
    tables = analysis_tables(AVERAGING, frame, exams(frame), *nothing)
    assert tables["devices"].to_pylist() == [
        {"device_key": key, "analysed_as": "NEW", "replaced_on": new["study_date"].min().date()}
        for key in ("NEW", "OLD")
    ]
    (own,) = tables["potential"].to_pylist()
    assert (own["device_key"], own["level"], own["n_eligible"]) == ("NEW", 1.0, 10)
    # Too short a time to be found as a change of the protocol itself.
    assert tables["changes"].num_rows == 0
    # What differs from the old device is no drift.
    assert tables["compliance"].num_rows == 0

"""Rescans and stations of a stack."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from protocol_assets.modalities.mr.acquisitions.repeats import (
    Repeatable,
    Slab,
    is_dynamic,
    named,
    repeat_kinds,
    slab,
)

TEN = datetime.fromisoformat("2024-03-05T10:00:00")
SAGITTAL = {
    "ImageOrientationPatient": [0.0, 1.0, 0.0, 0.0, 0.0, -1.0],
    # 15 slices of 4 mm, a field of view of 280 mm around the origin.
    "ImagePositionPatient": [-28.0, -140.0, 140.0],
    "ImagePositionPatient_distinct": 15,
    "PixelSpacing": [0.5, 0.5],
    "Rows": 560,
    "Columns": 560,
    "SliceThickness": 3.5,
    "SpacingBetweenSlices": 4.0,
}


def placed(x: float = 0.0, y: float = 0.0, z: float = 0.0, tilt: float = 0.0) -> Slab:
    """A sagittal slab of 60 x 280 x 280 mm, shifted, and tilted about the z axis in degrees."""
    cosine, sine = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    axes = ((-sine, cosine, 0.0), (0.0, 0.0, -1.0), (cosine, sine, 0.0))
    return Slab((x, y, z), axes, (280.0, 280.0, 60.0))


def scan(
    minutes: float = 0.0,
    where: Slab | None = None,
    *,
    acquisition: str = "",
    purpose: tuple[object, ...] = ("sag_t2", "none"),
    anatomy: str | None = "lumbar_spine",
    station: str | None = None,
    direction: str | None = None,
) -> Repeatable:
    return Repeatable(
        exam="e",
        acquisition=acquisition or f"a{minutes}",
        start=TEN + timedelta(minutes=minutes),
        purpose=purpose,
        anatomy=anatomy,
        slab=where,
        station=station,
        direction=direction,
    )


HERE = placed()


def kinds(*scans: Repeatable | None) -> list[str | None]:
    return list(repeat_kinds(scans))


@pytest.mark.parametrize(
    ("again", "kind"),
    [
        pytest.param(scan(5, HERE), "rescan", id="the same once more"),
        pytest.param(scan(5, placed(z=139)), "rescan", id="shifted by less than half"),
        pytest.param(scan(5, placed(z=141)), "stack", id="shifted by more than half"),
        pytest.param(scan(5, placed(z=-250)), "stack", id="the other way"),
        pytest.param(scan(5, placed(x=31)), "stack", id="more than half of the slab aside"),
        pytest.param(scan(5, placed(tilt=10)), "rescan", id="planned again, tilted a little"),
        pytest.param(scan(5, placed(tilt=30)), None, id="another direction"),
        pytest.param(scan(5, replace(HERE, extent=(200.0, 200.0, 60.0))), None, id="other field"),
        pytest.param(scan(5, replace(HERE, extent=(280.0, 280.0, 72.0))), "rescan", id="slices"),
        pytest.param(scan(5, HERE, purpose=("sag_t1", "none")), None, id="another role"),
        pytest.param(scan(5, HERE, anatomy="thoracic_spine"), None, id="another region"),
        pytest.param(scan(5, HERE, anatomy=None), "rescan", id="region unknown"),
        pytest.param(scan(5, None), None, id="geometry unknown"),
        pytest.param(replace(scan(5, HERE), exam="f"), None, id="another exam"),
        pytest.param(scan(5, HERE, acquisition="a0"), None, id="a series of the same scan"),
    ],
)
def test_repeats(again: Repeatable, kind: str | None) -> None:
    assert kinds(scan(0, HERE), again) == [None, kind]
    assert kinds(again, scan(0, HERE)) == [kind, None]


def test_the_text_names_stations_and_directions() -> None:
    upper, lower = scan(0, None, station="upper"), scan(5, None, station="lower")
    assert kinds(upper, lower) == [None, "stack"]
    assert kinds(scan(0, HERE, direction="ap"), scan(5, HERE, direction="pa")) == [None, None]


def test_a_station_scanned_again_is_a_rescan() -> None:
    stations = [scan(0, HERE), scan(5, placed(z=250)), scan(9, placed(z=250))]
    assert kinds(*stations) == [None, "stack", "rescan"]


def test_all_series_of_a_rescan_bear_it() -> None:
    again = scan(5, HERE)
    assert kinds(scan(0, HERE), again, None, replace(again, slab=None)) == [
        None,
        "rescan",
        None,
        "rescan",
    ]


def test_slab_of_a_row() -> None:
    found = slab(SAGITTAL)
    assert found is not None
    assert found.centre == (0.0, 0.0, 0.0)
    assert found.extent == (280.0, 280.0, 59.5)


def test_slices_are_counted_from_the_side_where_the_position_is_smallest() -> None:
    """Axial slices, tilted: the smallest position in x, then y, is the lowest or the highest."""
    for tilt in (-0.2, 0.2):
        across = [0.0, math.cos(tilt), math.sin(tilt)]
        normal = (0.0, -math.sin(tilt), math.cos(tilt))
        corners = [[-100.0, normal[1] * i * 5, normal[2] * i * 5] for i in range(11)]
        row = SAGITTAL | {
            "ImageOrientationPatient": [1.0, 0.0, 0.0, *across],
            "ImagePositionPatient": min(corners),
            "ImagePositionPatient_distinct": 11,
            "SpacingBetweenSlices": 5.0,
            "PixelSpacing": [1.0, 1.0],
            "Rows": 200,
            "Columns": 200,
        }
        found = slab(row)
        assert found is not None
        middle = [corners[5][k] + 100 * (1.0 if k == 0 else 0.0) for k in range(3)]
        expected = [middle[k] + 100 * across[k] for k in range(3)]
        assert found.centre == pytest.approx(expected)


@pytest.mark.parametrize("column", ["ImageOrientationPatient", "PixelSpacing", "Rows"])
def test_no_slab_without_its_attributes(column: str) -> None:
    assert slab(SAGITTAL | {column: None}) is None
    assert slab(SAGITTAL | {"ImageOrientationPatient": [0.0] * 6}) is None


@pytest.mark.parametrize(
    ("text", "station", "direction"),
    [
        ("SAG T2 UPPER STACK", "upper", None),
        ("T2 sag unten", "lower", None),
        ("SAG T2", None, None),
        ("dMRI_AP", None, "ap"),
    ],
)
def test_named(text: str, station: str | None, direction: str | None) -> None:
    assert named("station", (text,)) == station
    assert named("direction", (text,)) == direction


def test_repetition_on_purpose() -> None:
    assert is_dynamic({}, ("T1 VIBE ARTERIAL",))
    assert is_dynamic({"NumberOfTemporalPositions": 40}, ())
    assert not is_dynamic({"NumberOfTemporalPositions": 1}, ("SAG T1",))

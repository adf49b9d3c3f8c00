"""Which fleet the demo's folder holds."""

import datetime as dt
from pathlib import Path

import pytest

from protocol_assets.demo.fleets import (
    SMALL_FLEET,
    YEAR_FLEET,
    first_change,
    read_fleet,
    write_fleet,
)
from protocol_assets.faults import Fault
from protocol_assets_simulator import Fleet


@pytest.mark.parametrize("fleet", [SMALL_FLEET, YEAR_FLEET], ids=["small", "year"])
def test_the_fleet_that_was_written_is_read(tmp_path: Path, fleet: Fleet) -> None:
    write_fleet(tmp_path, fleet)
    assert read_fleet(tmp_path) == fleet


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"start": "2026-02-01"}', '{"end": 1}'])
def test_a_folder_of_another_version_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "fleet.json").write_text(content)
    with pytest.raises(Fault, match="delete the folder, then run the demo again"):
        read_fleet(tmp_path)


def test_protocols_change_in_the_year_and_not_in_five_weeks() -> None:
    assert first_change(SMALL_FLEET) is None
    changed_on = first_change(YEAR_FLEET)
    assert changed_on is not None
    assert changed_on - YEAR_FLEET.start >= dt.timedelta(days=150)


def test_the_year_is_that_of_the_source_project() -> None:
    potential = [one for one in YEAR_FLEET.device_protocols if one.kind == "potential"]
    assert len(potential) == 282
    assert len({one.scanner for one in potential}) == 54

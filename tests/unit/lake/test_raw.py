from __future__ import annotations

from pathlib import Path
from typing import Any

from protocol_assets.lake.raw import read_study, write_study


def instance(series: str, sop: str, **more: Any) -> dict[str, Any]:
    return {
        "0020000E": {"vr": "UI", "Value": [series]},
        "00080018": {"vr": "UI", "Value": [sop]},
        **more,
    }


def test_a_study_is_read_as_it_was_written_in_a_fixed_order(tmp_path: Path) -> None:
    one = instance("1.2", "9", **{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Ä"}]}})
    two, three = instance("1.2", "8"), instance("1.1", "7")
    write_study(tmp_path / "a", [one, two, three])
    write_study(tmp_path / "b", [three, two, one])
    assert list(read_study(tmp_path / "a")) == [three, two, one]
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_malformed_instance_is_kept(tmp_path: Path) -> None:
    odd: dict[str, Any] = {"0020000E": "no element", "00080018": None}
    write_study(tmp_path / "a", [odd])
    assert list(read_study(tmp_path / "a")) == [odd]

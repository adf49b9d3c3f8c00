"""What the demo's hospital decides."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from protocol_assets.demo import decisions
from protocol_assets.demo.decisions import accept_opportunities, register_changes
from protocol_assets.governance.findings import read_findings
from protocol_assets.lake.zones import Lake

AS_OF = dt.date(2026, 3, 31)
CHANGED = dt.date(2026, 5, 4)


def found(number: int, kind: str = "opportunity") -> dict[str, Any]:
    return {
        "finding_key": f"{number:032x}",
        "kind": kind,
        "device_key": "A" * 26,
        "protocol_key": f"lumbar_spine.sag_t2.{number}",
        "parameter": "effective_averages",
        "as_of": AS_OF,
        "is_seen": True,
        "site": "North",
    }


def assessed(number: int, minutes: float | None = 12.0) -> dict[str, Any]:
    return {
        "finding_key": f"{number:032x}",
        "minutes_per_month": minutes,
        "volume_per_month": 20.0,
    }


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake with 81 opportunities; the minutes of one of them are not known."""
    lake = Lake(tmp_path / "home")
    lake.prepare()
    marts = {
        "findings": [*map(found, range(81)), found(99, "drift")],
        "opportunities": [assessed(n, None if n == 80 else 12.0) for n in range(81)],
    }
    monkeypatch.setattr(decisions, "read_mart", lambda _, name: marts[name])
    monkeypatch.setattr(decisions, "newest_devices", lambda _: {})
    return lake


def test_all_that_has_minutes_is_decided_upon(lake: Lake) -> None:
    assert accept_opportunities(lake) == 80
    states = Counter(line.state for line in read_findings(lake))
    assert states == {"accepted": 78, "waived": 2}


def test_only_what_was_accepted_and_changed_is_registered(lake: Lake) -> None:
    accept_opportunities(lake)
    days = {("A" * 26, f"lumbar_spine.sag_t2.{number}"): CHANGED for number in range(45)}
    assert register_changes(lake, days) == 44  # one of the 45 was waived
    changed = [line for line in read_findings(lake) if line.state == "changed"]
    assert {line.changed_on for line in changed} == {CHANGED}
    assert sum(line.quality_signed_by is None for line in changed) == 44 // 9

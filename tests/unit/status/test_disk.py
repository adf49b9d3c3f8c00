"""How long the disk lasts."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.ingest.retention.purging import Retention
from protocol_assets.lake.zones import Lake
from protocol_assets.status.disk import Layer, days_left, disk_finding, measured_layers

KEEP = Retention(raw_days=30, series_days=400, facts_days=3650)
MIB = 1 << 20
layers = st.builds(
    Layer,
    bytes_per_day=st.floats(0, 1e9),
    kept_days=st.integers(1, 4000),
    most_days=st.integers(1, 4000),
)


@given(st.lists(layers, max_size=3), st.integers(0, 10**13))
def test_the_disk_is_full_on_that_day_and_not_before(found: list[Layer], free: int) -> None:
    left = days_left(found, free)
    now = sum(layer.size(0) for layer in found)

    def grown(day: int) -> float:
        return sum(layer.size(day) for layer in found) - now

    if left is None:
        assert grown(3650) <= free
    else:
        assert left >= 1
        assert grown(left) > free
        assert left == 1 or grown(left - 1) <= free


def test_what_retention_drops_does_not_grow() -> None:
    full = Layer(bytes_per_day=100, kept_days=30, most_days=30)
    assert days_left([full], 0) is None
    filling = Layer(bytes_per_day=100, kept_days=10, most_days=30)
    assert days_left([filling], 1999) == 20
    assert days_left([filling], 2000) is None


def landed(lake: Lake, day: str, size: int) -> None:
    raw = lake.restricted / "raw" / f"study_date={day}" / "pacs=main"
    for path in (raw / "a.ndjson.zst", raw / "manifest.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xa5" * size)
    part = lake.safe / "facts" / "series" / f"study_date={day}" / "pacs=main" / "part.parquet"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"\xa5" * size)


def test_a_day_is_measured_by_what_stands_there(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    landed(lake, "2026-03-02", 3 * MIB)
    landed(lake, "2026-03-03", 5 * MIB)
    raw, series, facts = measured_layers(lake, KEEP)
    assert (raw.kept_days, series.kept_days, facts.kept_days) == (2, 2, 2)
    assert raw.bytes_per_day == pytest.approx(8 * MIB, rel=0.01)
    assert series.bytes_per_day == 0
    assert facts.bytes_per_day == pytest.approx(4 * MIB, rel=0.01)


@pytest.mark.parametrize(
    ("free", "verdict", "said"),
    [
        (1 << 40, "ok", "enough for years"),
        (22 << 30, "warn", "free disk space, or shorten"),
        (1 << 29, "fail", "free disk space, or shorten"),
    ],
)
def test_a_disk_that_fills_up_is_told_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, verdict: str, said: str
) -> None:
    lake = Lake(tmp_path / "home")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    lasting = free > 1 << 35
    layer = Layer(1 << 20 if lasting else 1 << 30, 1, 3650 if not lasting else 30)
    monkeypatch.setattr("protocol_assets.status.disk.measured_layers", lambda *_: [layer])
    found = disk_finding(lake, KEEP)
    assert found.verdict == verdict
    assert said in found.sentence

"""Analysis and outputs work on measures: they name no setting of a modality."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from protocol_assets.modalities.registry import MODALITIES

ROOT = Path(__file__).parents[2]
ANALYSIS = sorted((ROOT / "protocol_assets" / "analysis").glob("*.py"))
COLUMNS = {name for one in MODALITIES for name in one.analysis.measure.columns} | {"averages"}


@pytest.mark.parametrize("path", ANALYSIS, ids=lambda path: path.stem)
def test_no_measure_is_named(path: Path) -> None:
    words = set(re.findall(r"\w+", path.read_text(encoding="utf-8").lower()))
    assert not words & COLUMNS


SHOWN = [
    path
    for room in ("figures", "reports", "dashboard")
    for path in sorted((ROOT / "protocol_assets" / room).rglob("*.py"))
]
SETTINGS = {one.analysis.measure.setting for one in MODALITIES}


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_no_setting_is_named_where_it_is_shown(path: Path) -> None:
    words = set(re.findall(r"[a-z]+", path.read_text(encoding="utf-8").lower()))
    assert not words & SETTINGS

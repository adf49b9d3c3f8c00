"""The analysis works on measures: it names no column of a modality's measure."""

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

"""A small sample of ``make test-crash``: some operations of four pieces of work fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from protocol_assets.lake.zones import Lake
from tests.crash.homes import content_of
from tests.crash.scenarios import quick_gates, start
from tests.crash.test_crash import ALL, inject


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("publishing", "kill"),
        ("governance", "power"),
        ("delivery", "ENOSPC"),
        ("compaction", "kill"),
    ],
)
def test_a_sample_of_operations_fails(name: str, kind: str, tmp_path: Path) -> None:
    scenario = ALL[name]
    base, done = tmp_path / "home", tmp_path / "done"
    with quick_gates():
        scenario.prepare(Lake(base))
        shutil.copytree(base, done, symlinks=True)
        start(Lake(done))
        scenario.work(Lake(done))
        scenario.finished(Lake(done))
        assert inject(name, kind, base, content_of(done), tmp_path, step=9) >= 1

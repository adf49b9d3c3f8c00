"""Homes that the tests of several modules begin with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from protocol_assets.lake.zones import Lake

from .hospital import Hospital, pass_stages, stages_of


@pytest.fixture(scope="session")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which both days have landed; once, for the gates take longer than any test."""
    lake = Lake(tmp_path_factory.mktemp("landed"))
    lake.prepare()
    pass_stages(stages_of(lake, Hospital()))
    return lake.home


@pytest.fixture
def lake(landed: Path, tmp_path: Path) -> Lake:
    """The test's own copy of that home."""
    shutil.copytree(landed, tmp_path, dirs_exist_ok=True)
    return Lake(tmp_path)

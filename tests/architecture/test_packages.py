"""The platform and the simulator are two wheels of one version."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def project(folder: Path) -> dict[str, Any]:
    text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)["project"]
    return found


PLATFORM = project(ROOT)
SIMULATOR = project(ROOT / "protocol_assets_simulator")


def test_both_have_one_version() -> None:
    version = PLATFORM["version"]
    assert SIMULATOR["version"] == version
    assert f"protocol-assets=={version}" in SIMULATOR["dependencies"]
    assert PLATFORM["optional-dependencies"]["demo"] == [f"protocol-assets-simulator=={version}"]


def test_the_simulator_has_the_bounds_of_the_platform() -> None:
    assert set(SIMULATOR["dependencies"][1:]) <= set(PLATFORM["dependencies"])
    assert SIMULATOR["requires-python"] == PLATFORM["requires-python"]

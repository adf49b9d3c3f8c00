"""The wheel alone, in an empty virtual environment: it holds all that the demo needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
OWN = ("PROTOCOL_ASSETS_", "DAGSTER_HOME", "PYTHONPATH", "VIRTUAL_ENV")


def run(*command: str | Path, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a virtual environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist")
    run(sys.executable, "-m", "pip", *build, PROJECT, folder=folder)
    (wheel,) = (folder / "dist").glob("protocol_assets-*.whl")
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / "bin"
    # The versions that the project was tested with; constraints have neither hashes nor extras.
    pinned = [
        re.sub(r"\[.*?\]", "", line.removesuffix(" \\"))
        for line in (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith(" ")
    ]
    (folder / "constraints.txt").write_text("\n".join(pinned), encoding="utf-8")
    pip = (programs / "python", "-m", "pip", "install", "--quiet")
    run(*pip, "--constraint", "constraints.txt", wheel, folder=folder)
    return programs


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    written = run(installed / "protocol-assets", "demo", folder=tmp_path)
    assert "beside the truth: precision 1.00" in written
    assert list((tmp_path / "demo" / "home" / "publish" / "reports").glob("*/report.html"))


def test_the_installed_package_is_not_written_to(installed: Path) -> None:
    (packed,) = installed.parent.rglob("protocol_assets/packed")
    assert not list((packed / "dbt_project").glob("target"))
    assert not list((packed / "dbt_project").glob("logs"))

"""The wheels in an empty virtual environment: they hold all that the demo needs."""

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

# The demo, on four scanners for two days.
SMALL_DEMO = """
import datetime as dt
from pathlib import Path
from protocol_assets.demo import Fleet, run_demo
fleet = Fleet(1, 4, 60, dt.date(2026, 3, 2), dt.date(2026, 3, 3))
raise SystemExit(not run_demo(Path("demo").resolve(), lambda *_: None, fleet))
"""


def start(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    return subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True
    )


def run(*command: str | Path, folder: Path) -> str:
    done = start(*command, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds both wheels and, in ``venv``, the platform's with what it requires."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist")
    sources = (PROJECT, PROJECT / "protocol_assets_simulator")
    run(sys.executable, "-m", "pip", *build, *sources, folder=folder)
    (wheel,) = (folder / "dist").glob("protocol_assets-*.whl")
    venv.create(folder / "venv", with_pip=True)
    # The versions that the project was tested with; constraints have neither hashes nor extras.
    pinned = [
        re.sub(r"\[.*?\]", "", line.removesuffix(" \\"))
        for line in (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith(" ")
    ]
    (folder / "constraints.txt").write_text("\n".join(pinned), encoding="utf-8")
    pip = (folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet")
    run(*pip, "--constraint", "constraints.txt", wheel, folder=folder)
    return folder


@pytest.fixture(scope="module")
def without_simulator(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the demo says before its extra is installed."""
    return start(folder / "venv" / "bin" / "protocol-assets", "demo", folder=folder)


@pytest.fixture(scope="module")
def programs(folder: Path, without_simulator: object) -> Path:
    """The programs of the virtual environment, with the ``demo`` extra."""
    pip = (folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet")
    run(*pip, "--no-index", "--find-links", "dist", "protocol-assets[demo]", folder=folder)
    return folder / "venv" / "bin"


def test_without_the_extra_the_demo_says_what_to_install(
    without_simulator: subprocess.CompletedProcess[str],
) -> None:
    assert without_simulator.returncode == 1
    line = " ".join(without_simulator.stderr.split())  # a terminal wraps it
    assert line.endswith("pip install 'protocol-assets[demo]'")


def test_the_demo_runs_from_the_wheels(programs: Path, tmp_path: Path) -> None:
    assert "demo" in run(programs / "protocol-assets", "--help", folder=tmp_path)
    written = run(programs / "python", "-c", SMALL_DEMO, folder=tmp_path)
    assert "4 of 4 partitions landed" in written
    assert "Score against the truth" in written
    assert list((tmp_path / "demo" / "home" / "publish" / "reports").glob("*/report.html"))


def test_the_installed_package_is_not_written_to(programs: Path) -> None:
    (packed,) = programs.parent.rglob("protocol_assets/packed")
    assert not list((packed / "dbt_project").glob("target"))
    assert not list((packed / "dbt_project").glob("logs"))

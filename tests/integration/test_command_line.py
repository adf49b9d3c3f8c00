"""The command line against Orthanc with a password: all the way to the report, and refused."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from protocol_assets.lake.zones import Lake
from protocol_assets.settings import Settings
from tests.integration.conftest import Deploy, MakeInstance, StartOrthanc

DAYS = ("--from", "2026-03-02", "--to", "2026-03-03")
MATERIALIZE = ("-m", "protocol_assets", "materialize", "--pacs", "orthanc", *DAYS)
LAND_ALONE = """
import datetime as dt
from protocol_assets.app.deployment import Deployment
from protocol_assets.runner import Runner
day = dt.date(2026, 3, 2)
for outcome in Runner(Deployment.load()).ingest("orthanc", day, day):
    print(outcome.state, outcome.reason)
"""
PASSWORD = "kept-out-of-every-message"


def command(*arguments: str, password: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "ORTHANC_USER": "monitor", "ORTHANC_PASSWORD": password},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def settings(start_orthanc: StartOrthanc, new_instance: MakeInstance, deploy: Deploy) -> Settings:
    """A deployment whose PACS holds three studies."""
    orthanc = start_orthanc(password=PASSWORD)
    for study in range(3):
        orthanc.store(new_instance(study))
    login = {"username_env": "ORTHANC_USER", "password_env": "ORTHANC_PASSWORD"}
    return deploy(orthanc.url, "2026-03-01", "2026-03-31", **login)


def test_the_whole_way(settings: Settings) -> None:
    done = command(*MATERIALIZE, password=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 partitions landed" in done.stdout
    assert list(Lake(settings.home).publish.glob("reports/*/report.html"))
    assert PASSWORD not in done.stdout + done.stderr
    state = command("-m", "protocol_assets", "status", password=PASSWORD)
    assert state.returncode == 0, state.stderr
    assert "2 of 2 landed partitions are complete" in state.stdout


def test_a_wrong_password(settings: Settings) -> None:
    found = command("-m", "protocol_assets", "probe", "orthanc", password="wrong-secret")
    assert found.returncode == 1
    assert "refused the credentials (HTTP 401)" in " ".join(found.stdout.split())
    # The partitions alone, without the report that materialize goes on to; a process of its own
    # shows what really reaches the terminal.
    refused = command("-c", LAND_ALONE, password="wrong-secret")
    assert refused.returncode == 0
    assert refused.stdout.startswith("refused PACS orthanc refused the credentials (HTTP 401):")
    assert len(refused.stdout.splitlines()) == 1
    assert refused.stderr == ""
    for leak in ("secret", PASSWORD, settings.pacs[0].url):
        assert leak not in found.stdout + found.stderr + refused.stdout
    assert not list(Lake(settings.home).restricted.rglob("*.zst"))

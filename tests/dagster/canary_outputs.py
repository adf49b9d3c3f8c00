"""What commands and the dashboard print: run as processes of their own, output and log together."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from protocol_assets.lake.analysis import read_mart, read_measured
from protocol_assets.lake.zones import Lake
from protocol_assets.settings import Settings

SAFE_COMMANDS: tuple[tuple[str, ...], ...] = (
    ("sheet", "{device}", "{protocol}"),
    ("sheet", "{device}", "{protocol}", "--reference", "{other}"),
    ("sheet", "{device}", "no such protocol"),
    ("sheet", "no such scanner", "{protocol}"),
    ("what-if", "--nex", "1"),
    ("what-if", "--nex", "1", "--scanner", "{device}", "--protocol", "{protocol}"),
    ("what-if", "--acceleration", "2", "--oversampling", "20", "--protocol", "*"),
    ("findings", "list", "--all"),
    ("status",),
    ("status", "--json"),
    ("verify",),
)
"""Commands whose output may leave the restricted zone, with what stands for a name in braces."""

PAGES = ("fleet", "scanner", "protocol", "opportunity", "verification", "decision")

_APP = Path(__file__).parents[2] / "protocol_assets" / "dashboard" / "app.py"
_VISIT = """
import sys
from streamlit.testing.v1 import AppTest

for page in sys.argv[2:]:
    test = AppTest.from_file(sys.argv[1], default_timeout=120)
    test.switch_page(f"views/{page}.py").run()
    print("page", page, [one.value for one in test.exception], [one.value for one in test.error])
"""
_PATIENCE_S = 120


def command_output(command: tuple[str, ...], settings: Settings) -> bytes:
    """Standard output and standard error of one command; it must say something and not crash."""
    frame = read_measured(Lake(settings.home)).acquisitions
    known = frame[frame["is_nex_eligible"] & frame["protocol_key"].notna()]
    device, protocol = (
        known[["device_key", "protocol_key"]].value_counts().reset_index().iloc[0, :2]
    )
    devices = [row["device_key"] for row in read_mart(Lake(settings.home), "dim_scanner")]
    other = next(one for one in devices if one not in (None, device))
    names = {"device": device, "protocol": protocol, "other": other}
    done = subprocess.run(
        [sys.executable, "-m", "protocol_assets", *(one.format(**names) for one in command)],
        capture_output=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    printed = done.stdout + done.stderr
    assert done.returncode in (0, 1), printed
    assert printed.strip()
    assert b"Traceback" not in printed
    assert b"its text is withheld" not in done.stderr, printed
    return printed


def dashboard_output(settings: Settings, folder: Path) -> bytes:
    """What the dashboard prints: its server while it is asked, its pages whole and damaged."""
    return _server_log() + _visited(dict(os.environ)) + _visited(_damaged(settings, folder))


def _visited(environment: dict[str, str]) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", _VISIT, str(_APP), *PAGES],
        capture_output=True,
        check=True,
        env=environment,
        timeout=_PATIENCE_S,
    )
    return done.stdout + done.stderr


def _damaged(settings: Settings, folder: Path) -> dict[str, str]:
    """An environment with a home whose published tables cannot be read."""
    home = folder / "home"
    shutil.copytree(Lake(settings.home).publish, home / "publish", symlinks=True)
    for table in (home / "publish").rglob("*.parquet"):
        table.write_bytes(table.read_bytes()[:40])
    return {**os.environ, "PROTOCOL_ASSETS_HOME": str(home)}


def _server_log() -> bytes:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "protocol_assets.dashboard", f"--server.port={port}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while not _answers(f"http://127.0.0.1:{port}/_stcore/health"):
            assert server.poll() is None
            assert time.monotonic() < deadline, "the dashboard does not answer"
            time.sleep(0.1)
        for path in ("/", "/scanner?scanner=%1b%5b31m", "/no/such/page"):
            _answers(f"http://127.0.0.1:{port}{path}")
    finally:
        server.terminate()
        log, _ = server.communicate(timeout=_PATIENCE_S)
    return log


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False

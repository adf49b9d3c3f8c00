"""docs/operations.md, "From nothing to a running platform", followed word for word."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
STARTS_S = 240


def blocks() -> list[str]:
    """The shell blocks of the section, in their order."""
    section = PAGE.split("## From nothing to a running platform\n")[1].split("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


@contextmanager
def going_on(command: str, folder: Path, port: int) -> Iterator[None]:
    """A command that runs until it is interrupted, once it listens."""
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-ec", command], cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        try:
            ends = time.monotonic() + STARTS_S
            while time.monotonic() < ends and process.poll() is None:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.5)
            else:
                raise AssertionError((folder / f"{port}.log").read_text()[-2000:])
            yield
        finally:
            for signum in (signal.SIGINT, signal.SIGKILL):
                try:
                    os.killpg(process.pid, signum)
                    process.wait(20)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    continue


def said(command: str, folder: Path) -> str:
    """What a command says that must end well."""
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    # A folder that looks like a clone after `make setup`, and may be written to.
    for name in (".venv", "workspace.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    setup, simulate, configure, key, probe, materialize, status, environment_and_dev = blocks()
    assert setup == "make setup\n"
    environment, dev = environment_and_dev.strip().rsplit("\n", 1)
    made = said(f"{key}echo $PROTOCOL_ASSETS_KEY", tmp_path).strip()
    assert re.fullmatch("[0-9a-f]{64}", made)
    keyed = (
        f"export PROTOCOL_ASSETS_KEY={made}\nunset PROTOCOL_ASSETS_CONFIG PROTOCOL_ASSETS_HOME\n"
    )
    with going_on(simulate, tmp_path, 8972):
        said(configure, tmp_path)
        assert "The profile is stored" in said(keyed + probe, tmp_path)
        assert "14 of 14 partitions landed" in said(keyed + materialize, tmp_path)
        told = said(keyed + status, tmp_path)
        verdicts = {line.split()[1]: line.split()[0] for line in told.splitlines()[1:]}
        assert {verdict for item, verdict in verdicts.items() if item != "daemon"} == {"ok", "next"}
        assert "answered in" in told
        with going_on(f"{keyed}{environment}\n{dev}", tmp_path, 3001):
            with urllib.request.urlopen("http://127.0.0.1:3001/server_info", timeout=60) as answer:
                assert answer.status == 200
            ends = time.monotonic() + STARTS_S
            while "ok    daemon" not in (told := said(keyed + status, tmp_path)):
                assert time.monotonic() < ends, told
                time.sleep(5)
    assert list((tmp_path / "home" / "publish" / "reports").glob("*/report.html"))

"""``make dev``: the Dagster UI and daemon for the configuration that is set, or for the demo.

For the demo, its simulated PACS is served too. The UI listens on loopback behind the guard of
``protocol_assets.webserver``. Each process runs in its own session, and the whole session ends
however this program is stopped.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

from protocol_assets.app.deployment import Deployment
from protocol_assets.faults import Fault
from protocol_assets.lake.permissions import restrict_new_files
from protocol_assets.settings import (
    CONFIG_VARIABLE,
    HOME_VARIABLE,
    ConfigurationError,
)
from protocol_assets.terminal import say_error

__all__ = ["main"]

_GRACE_S: Final = 15
_LOOK_S: Final = 0.5
_WORKSPACE: Final = ("--workspace", "workspace.yaml")


def main() -> int:
    """Serve until interrupted. The arguments are those of ``protocol_assets.webserver``.

    Returns:
        The exit code: 2 if there is nothing to serve, else that of the process that ended first.
    """
    restrict_new_files()
    is_demo = not os.environ.get(CONFIG_VARIABLE)
    if is_demo:
        config = Path("demo") / "protocol_assets.toml"
        if not config.exists():
            say_error("the demo has not run yet; run 'make demo' first")
            return 2
        os.environ[CONFIG_VARIABLE] = str(config.resolve())
        os.environ.pop(HOME_VARIABLE, None)
    try:
        deployment = Deployment.load()
        demo_pacs = _demo_pacs(deployment, is_demo)
    except ConfigurationError as error:
        say_error(f"configuration: {error}")
        return 2
    except Fault as fault:
        say_error(str(fault))
        return 2
    os.environ["DAGSTER_HOME"] = str(deployment.lake.dagster_home)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    daemon = [str(Path(sys.executable).with_name("dagster-daemon")), "run", *_WORKSPACE]
    server = [sys.executable, "-m", "protocol_assets.webserver", *_WORKSPACE, *sys.argv[1:]]
    with demo_pacs, _running(daemon) as one, _running(server) as other:
        try:
            return _first_exit(one, other)
        except KeyboardInterrupt:
            return 0


def _demo_pacs(deployment: Deployment, is_demo: bool) -> contextlib.AbstractContextManager[object]:
    """Serve the PACS that the demo's configuration names; do nothing for another configuration."""
    if not is_demo:
        return contextlib.nullcontext()
    from protocol_assets.demo import SimulatedPacs, read_fleet

    fleet = read_fleet(Path(os.environ[CONFIG_VARIABLE]).parent)
    return SimulatedPacs(fleet, port=urlsplit(deployment.settings.pacs[0].url).port or 0)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _first_exit(*children: subprocess.Popen[bytes]) -> int:
    """Wait until one of them ends, because neither is useful without the other."""
    while True:
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.wait(_LOOK_S)


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(command, start_new_session=True)  # noqa: S603
    try:
        yield child
    finally:
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask the session to stop, then kill it."""
    for signum in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signum)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE_S)
            break
    with contextlib.suppress(ProcessLookupError):  # processes that outlived their parent
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())

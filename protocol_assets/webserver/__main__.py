"""``python -m protocol_assets.webserver``: Dagster's UI on loopback or on the proxy's socket."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from dagster._utils.interrupts import setup_interrupt_handlers
from dagster._utils.log import configure_loggers

from protocol_assets.faults import Fault
from protocol_assets.terminal import say_error
from protocol_assets.webserver.guard import Role
from protocol_assets.webserver.server import Listener, serve

__all__ = ["main"]

_PORT = 3000
_POLL_MS = 2000


@click.command(name="protocol_assets.webserver")
@click.option(
    "--workspace",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=Path("workspace.yaml"),
    show_default=True,
    help="Dagster's workspace file.",
)
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.ENGINEER.value,
    show_default=True,
    help="Role of everyone who reaches this server. Viewers cannot change anything.",
)
@click.option(
    "--socket",
    "path",
    type=click.Path(path_type=Path),
    help="Listen on this Unix socket. Only the proxy may open it, and it names the user.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    help="Port on 127.0.0.1; used without --socket.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="Address that browsers use, such as https://protocol-assets.example.org; may be repeated. "
    "Without --socket, http://127.0.0.1, http://localhost and http://[::1] with the port are "
    "always allowed.",
)
@click.option(
    "--log-format",
    type=click.Choice(["colored", "json", "rich"]),
    default="colored",
    show_default=True,
    help="Format of log lines.",
)
def main(
    workspace: Path,
    role: str,
    path: Path | None,
    port: int,
    origins: tuple[str, ...],
    log_format: str,
) -> None:
    """Serve Dagster's UI until interrupted, and check Host, Origin and content type."""
    if not os.environ.get("DAGSTER_HOME"):
        say_error("DAGSTER_HOME is not set; set it to the folder dagster in the home")
        sys.exit(2)
    configure_loggers(formatter=log_format, log_level="INFO")
    setup_interrupt_handlers()
    try:
        serve(workspace, Listener(path, port), Role(role), origins=origins, poll_ms=_POLL_MS)
    except Fault as error:
        say_error(error)
        sys.exit(2)


if __name__ == "__main__":
    main()

"""Dagster's web server behind the guard, on the proxy's socket or on loopback."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.version import __version__
from dagster_webserver.webserver import DagsterWebserver
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from protocol_assets.faults import Fault, explain_os_error
from protocol_assets.storage.files import delete
from protocol_assets.webserver.audit import AuditLog
from protocol_assets.webserver.guard import GRAPHQL, Guard, Role
from protocol_assets.webserver.origins import Origins

__all__ = ["LOOPBACK", "Listener", "serve"]

LOOPBACK: Final = "127.0.0.1"
_SOCKET_MODE: Final = 0o660
_MAX_WEBSOCKET_MESSAGE: Final = 1024 * 1024
_STOP_S: Final = 5
"""How long a stop waits for browsers, which keep their WebSockets open."""

_DATABASE_TIMEOUT_MS: Final = 15_000
_DATABASE_RECYCLE_S: Final = 3600
_DATABASE_OVERFLOW: Final = 20

_LOGGER = logging.getLogger("dagster-webserver")  # which the log format is set for

_PAGES: Final = frozenset({"/", "/{path:path}", "/server_info"})


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the server listens: on a Unix socket for the proxy, or on a port of loopback.

    Attributes:
        path: Path of the socket; None for loopback.
        port: Port on loopback; with 0 the system chooses one.
    """

    path: Path | None = None
    port: int = 0

    @contextmanager
    def opened(self) -> Iterator[socket.socket]:
        """Open and bind the socket.

        Raises:
            Fault: Another program listens there, or the socket cannot be bound.
        """
        family = socket.AF_INET if self.path is None else socket.AF_UNIX
        with socket.socket(family, socket.SOCK_STREAM) as one:
            try:
                self._bind(one)
            except OSError as error:
                where = "the socket" if self.path is not None else f"port {self.port} of 127.0.0.1"
                raise Fault(f"cannot listen on {where}: {explain_os_error(error)}") from error
            try:
                yield one
            finally:
                if self.path is not None:
                    delete(self.path, sync_name=False)

    def _bind(self, one: socket.socket) -> None:
        if self.path is None:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((LOOPBACK, self.port))
            return
        if self.path.is_socket() and not _answers(self.path):
            delete(self.path, sync_name=False)  # left by a server that was killed
        mask = os.umask(0o777 & ~_SOCKET_MODE)
        try:
            one.bind(str(self.path))
        finally:
            os.umask(mask)


class _Webserver(DagsterWebserver[WorkspaceProcessContext, WorkspaceRequestContext]):
    """Dagster's web server with only the routes that the UI needs.

    GraphQL over GET is removed, and so are the endpoints that record asset events from outside and
    those that return notebooks, logs and dumps of runs.
    """

    def build_routes(self) -> list[BaseRoute]:
        return list(_admitted(super().build_routes()))  # type: ignore[no-untyped-call]


def _admitted(routes: Sequence[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        if isinstance(route, Route) and route.path == GRAPHQL:
            yield Route(GRAPHQL, route.endpoint, name=route.name, methods=["POST"])
        elif isinstance(route, WebSocketRoute):
            if route.path == GRAPHQL:
                yield route
        elif isinstance(route, Mount):
            if (route.name or "").endswith("_static"):
                yield route
        elif isinstance(route, Route) and (route.path in _PAGES or route.name == "root_static"):
            yield route


def serve(
    workspace: Path, listener: Listener, role: Role, *, origins: Sequence[str], poll_ms: int
) -> None:
    """Serve until interrupted.

    Args:
        workspace: Dagster's workspace file.
        listener: Where to listen.
        role: The role of everyone who reaches the server.
        origins: Addresses under which browsers use it; without a socket, those of loopback are
            added.
        poll_ms: How often the UI asks for updates.

    Raises:
        Fault: The server cannot listen, or an origin is not valid.
    """
    with listener.opened() as bound, DagsterInstance.get() as instance:
        allowed = (
            Origins(origins)
            if listener.path is not None
            else Origins([*Origins.loopback(bound.getsockname()[1]), *origins])
        )
        instance.optimize_for_webserver(
            _DATABASE_TIMEOUT_MS, _DATABASE_RECYCLE_S, _DATABASE_OVERFLOW
        )
        with WorkspaceProcessContext(
            instance,
            WorkspaceFileTarget([str(workspace)]),
            version=__version__,
            read_only=role is Role.VIEWER,
        ) as context:
            app: Starlette = _Webserver(context, live_data_poll_rate=poll_ms).create_asgi_app()
            guard = Guard(
                app,
                allowed,
                role,
                AuditLog(Path(instance.root_directory) / "audit"),
                is_behind_proxy=listener.path is not None,
            )
            config = uvicorn.Config(
                guard,
                log_level="warning",
                proxy_headers=False,
                server_header=False,
                ws_max_size=_MAX_WEBSOCKET_MESSAGE,
                timeout_graceful_shutdown=_STOP_S,
            )
            _LOGGER.info("serving %ss on %s", role, listener.path or allowed)
            uvicorn.Server(config).run(sockets=[bound])


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True

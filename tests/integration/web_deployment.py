"""All that a browser reaches, started: two roles behind nginx, the dashboard, ``make dev``."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from dagster import DagsterInstance

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.home import prepare_home
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.demo.fleets import SMALL_FLEET, write_fleet
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE
from tests.integration.certificates import Authority
from tests.integration.web_site import (
    NAME,
    ROOT,
    SECRET,
    Site,
    Target,
    free_port,
    running,
    wait_until_ready,
    write_workspace,
)

PASSWORD = "as long as it is typed"
USERS = ("maria", "joao", "ana")
ENGINEER, VIEWER, NOBODY = USERS
ROLES = '"~^maria$" engineer;\n"~^joao$" viewer;\n'
GROUPS = {
    "maria": "staff,protocol-assets-engineers",
    "joao": "/protocol-assets-viewers",
    "ana": "staff,not-protocol-assets-engineers,protocol-assets-engineers-not",
}


KNOWN = {"Cookie": f"protocol_assets_known={SECRET}"}
"""Of a browser that has logged in before: its requests are not counted as guesses."""


def basic(user: str, password: str = PASSWORD) -> dict[str, str]:
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}", **KNOWN}


def session(user: str) -> dict[str, str]:
    return {"Cookie": f"_oauth2_proxy={user}"}


LOGINS: dict[str, Callable[[str], dict[str, str]]] = {"basic": basic, "oidc": session}


@dataclass(frozen=True)
class WebDeployment:
    """What runs.

    Attributes:
        targets: ``dev``, ``dashboard`` without the proxy; ``basic`` and ``oidc`` as the engineer
            uses them.
        homes: The home of each.
        plain_ports: Where each nginx answers without TLS.
    """

    targets: Mapping[str, Target]
    homes: Mapping[str, Path]
    plain_ports: Mapping[str, int]

    def of(self, name: str, user: str) -> Target:
        """The same address, used by somebody else."""
        return replace(self.targets[name], login=LOGINS[name](user))

    def anonymous(self, name: str) -> Target:
        return replace(self.targets[name], login=KNOWN if name == "basic" else {})

    def audit(self, name: str) -> list[dict[str, Any]]:
        files = sorted((self.homes[name] / "dagster" / "audit").glob("*.jsonl"))
        return [json.loads(line) for path in files for line in path.read_text().splitlines()]


@contextmanager
def deployed(folder: Path, key: str) -> Iterator[WebDeployment]:
    """Start it all at once, and wait until each answers."""
    with ExitStack() as stack:
        authority = Authority(folder / "authority").make()
        dev = _Home(folder / "dev", key)
        home = _Home(folder / "proxied", key)
        port = free_port()
        local = _on_loopback(port)
        command = [sys.executable, "-m", "protocol_assets.dev", "--port", str(port)]
        del dev.environment[CONFIG_VARIABLE]  # so that it serves the demo
        waiting = [(local, dev.start(stack, "dev", command, is_gentle=True), "/server_info")]

        dashboard_port = free_port()
        login_port = stack.enter_context(_oauth2_proxy())
        sites = {
            name: Site(folder / name, name, dashboard_port, home.folder, login_port)
            for name in LOGINS
        }
        origins = [part for site in sites.values() for part in ("--origin", site.origin)]
        for role in ("viewer", "engineer"):
            socket = ["--socket", str(home.folder / f"{role}.sock")]
            command = [sys.executable, "-m", "protocol_assets.webserver", "--role", role]
            home.start(stack, role, [*command, *socket, *origins])
        flags = ["--server.port", str(dashboard_port), "--server.baseUrlPath", "dashboard"]
        names = ["--server.allowedHosts", NAME]
        command = [sys.executable, "-m", "protocol_assets.dashboard", *flags, *names]
        dashboard = home.start(stack, "dashboard", command)
        context = ssl.create_default_context(cafile=str(authority.certificate))
        targets = {}
        for name, site in sites.items():
            site.folder.mkdir()
            proxy = stack.enter_context(site.serving(authority, ROLES, _passwords()))
            target = Target(site.port, site.host, site.origin, context, LOGINS[name](ENGINEER))
            targets[name] = target
            waiting += [(target, proxy, "/server_info"), (target, dashboard, "/dashboard/")]
            viewer = replace(target, login=LOGINS[name](VIEWER))
            waiting.append((viewer, proxy, "/server_info"))
        for target, child, path in waiting:
            wait_until_ready(target, child, folder, path)
        yield WebDeployment(
            targets={"dev": local, "dashboard": _on_loopback(dashboard_port), **targets},
            homes={"dev": dev.home, **dict.fromkeys(sites, home.home)},
            plain_ports={name: site.plain_port for name, site in sites.items()},
        )


def _on_loopback(port: int) -> Target:
    return Target(port, f"127.0.0.1:{port}", f"http://127.0.0.1:{port}")


class _Home:
    """A home without a PACS that answers, and processes that serve it."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self.home = folder / "home"
        config = folder / "demo" / "protocol_assets.toml"
        config.parent.mkdir(parents=True)
        config.write_text(
            f'home = "{self.home}"\nstart_date = 2026-02-01\nend_date = 2026-02-02\n'
            f'[[pacs]]\nname = "north"\nurl = "http://127.0.0.1:{free_port()}/dicom-web"\n',
            encoding="utf-8",
        )
        write_fleet(config.parent, SMALL_FLEET)
        self.environment = os.environ | {
            CONFIG_VARIABLE: str(config),
            KEY_VARIABLE: key,
            "PYTHONPATH": str(ROOT),
            "DAGSTER_HOME": str(self.home / "dagster"),
        }
        self.environment.pop(HOME_VARIABLE, None)
        prepare_home(Deployment.load(self.environment))
        # Dagster's store is made once: processes that start together would each make it.
        DagsterInstance.from_config(str(self.home / "dagster")).dispose()
        write_workspace(folder)

    def start(
        self, stack: ExitStack, name: str, command: list[str], *, is_gentle: bool = False
    ) -> subprocess.Popen[bytes]:
        log = self.folder.parent / f"{name}.log"
        return stack.enter_context(
            running(command, log, is_gentle=is_gentle, cwd=self.folder, env=self.environment)
        )


def _passwords() -> str:
    lines = []
    for user in USERS:
        digest = subprocess.run(
            ["openssl", "passwd", "-6", PASSWORD], check=True, capture_output=True, text=True
        )
        lines.append(f"{user}:{digest.stdout}")
    return "".join(lines)


class _OAuth2Proxy(BaseHTTPRequestHandler):
    """Answers as oauth2-proxy with ``set_xauthrequest``: the cookie is the user's name."""

    def do_GET(self) -> None:
        user = (self.headers.get("Cookie") or "").partition("_oauth2_proxy=")[2]
        if self.path.startswith("/oauth2/sign_in"):
            self._answer(403, {})
        elif user in GROUPS:
            email = f"{user}@example.org"
            self._answer(
                202, {"X-Auth-Request-Email": email, "X-Auth-Request-Groups": GROUPS[user]}
            )
        else:
            self._answer(401, {})

    def _answer(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def _oauth2_proxy() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _OAuth2Proxy) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()

"""The shipped nginx site before real web servers, and what ``make dev`` starts, on free ports."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPResponse
from io import BytesIO
from pathlib import Path
from typing import IO, Any, cast

from tests.integration.certificates import Authority

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "nginx"
NAME = "protocol-assets.example.org"
PATIENCE_S = 90
SECRET = bytes(range(32)).hex()
DEFINITIONS = Path(__file__).with_name("one_asset.py")

Headers = Mapping[str, str | list[str] | None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 where the connection was closed without an answer.

    Names of headers are in lower case.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Target:
    """One address of a web server, and somebody who uses it from an address of their own."""

    port: int
    host: str
    origin: str
    context: ssl.SSLContext | None = None
    login: Mapping[str, str] = field(default_factory=dict)
    client: str = "127.0.0.1"

    def connect(self) -> socket.socket:
        one = socket.create_connection(("127.0.0.1", self.port), 20, (self.client, 0))
        return one if self.context is None else self._secured(one, NAME)

    def connect_as(self, name: str) -> socket.socket:
        """Ask for the certificate of another name."""
        return self._secured(socket.create_connection(("127.0.0.1", self.port), timeout=20), name)

    def _secured(self, one: socket.socket, name: str) -> socket.socket:
        assert self.context is not None
        try:
            return self.context.wrap_socket(one, server_hostname=name)
        except BaseException:
            one.close()
            raise

    def send(self, request: bytes) -> Answer:
        """Bytes as they are: what a client library would refuse to send."""
        with self.connect() as one:
            try:
                one.sendall(request)
                received = b"".join(iter(lambda: one.recv(65536), b""))
            except (ConnectionError, ssl.SSLError):
                return Answer(0)
        if not received:
            return Answer(0)
        method = request.split(b" ", 1)[0].decode()
        response = HTTPResponse(cast("socket.socket", _Received(received)), method=method)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())

    def ask(
        self, method: str, target: str, body: bytes = b"", headers: Headers | None = None
    ) -> Answer:
        """A request of a browser on our page; ``headers`` replace its own, None leaves one out."""
        sent: dict[str, str | list[str] | None] = {
            "Host": self.host,
            "Connection": "close",
            **self.login,
        }
        if method not in {"GET", "HEAD"}:
            sent |= {"Origin": self.origin, "Content-Length": str(len(body))}
        sent |= headers or {}
        lines = [
            f"{name}: {one}"
            for name, value in sent.items()
            if value is not None
            for one in ([value] if isinstance(value, str) else value)
        ]
        head = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""])
        return self.send(head.encode() + body)

    def graphql(self, query: str, *, headers: Headers | None = None, **more: Any) -> Answer:
        """A query or mutation as the UI sends it."""
        body = json.dumps({"query": query, **more}).encode()
        return self.ask(
            "POST", "/graphql", body, {"Content-Type": "application/json", **(headers or {})}
        )

    def upgrade(self, target: str = "/graphql", headers: Headers | None = None) -> Answer:
        """The first request of a WebSocket, as a browser on our page sends it."""
        own = {
            "Origin": self.origin,
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
            "Sec-WebSocket-Protocol": "graphql-ws",
        }
        sent = {"Host": self.host, **self.login, **own, **(headers or {})}
        lines = [f"{name}: {value}" for name, value in sent.items() if value is not None]
        with self.connect() as one:
            one.sendall("\r\n".join([f"GET {target} HTTP/1.1", *lines, "", ""]).encode())
            received = one.recv(65536)
        return Answer(int(received.split()[1]) if received else 0)


class _Received:
    """Bytes in the place of a socket, for the standard library's reader of answers."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> IO[bytes]:
        return BytesIO(self._data)


@contextmanager
def running(
    command: list[str], log: Path, *, is_gentle: bool = False, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, which is killed with all that it started.

    ``is_gentle`` asks it to stop first, for what it started has sessions of its own.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            command, stdout=output, stderr=output, start_new_session=True, **options
        )
    try:
        yield child
    finally:
        if is_gentle:
            child.terminate()
            child.wait(PATIENCE_S)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(PATIENCE_S)


def wait_until_ready(target: Target, child: subprocess.Popen[bytes], logs: Path, path: str) -> None:
    """Until a page is answered; else the ends of the logs say why not."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends and child.poll() is None:
        with suppress(OSError):
            if target.ask("GET", path).status == 200:
                return
        time.sleep(0.1)
    read = [f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in logs.glob("*.log")]
    raise AssertionError(f"no answer to {path}\n" + "\n".join(read))


def write_workspace(folder: Path) -> Path:
    path = folder / "workspace.yaml"
    path.write_text(
        f"load_from:\n  - python_file: {{relative_path: {DEFINITIONS}, location_name: small}}\n",
        encoding="utf-8",
    )
    return path


@dataclass(frozen=True)
class Site:
    """One nginx with the shipped configuration; only ports, names and paths are replaced.

    Attributes:
        folder: Where its files go.
        login: ``basic`` or ``oidc``.
        dashboard_port: Of the dashboard.
        sockets: Folder of the web servers' sockets.
        login_port: Of oauth2-proxy.
    """

    folder: Path
    login: str
    dashboard_port: int
    sockets: Path
    login_port: int
    port: int = field(default_factory=free_port)
    plain_port: int = field(default_factory=free_port)

    @property
    def host(self) -> str:
        return f"{NAME}:{self.port}"

    @property
    def origin(self) -> str:
        return f"https://{self.host}"

    @contextmanager
    def serving(
        self, authority: Authority, roles: str, passwords: str
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run nginx; ``roles`` and ``passwords`` are what a hospital writes."""
        files = self.folder / "protocol-assets"
        shutil.copytree(DEPLOY / self.login, files)
        certificate, key = authority.issue(f"web-{self.login}", host=f"DNS:{NAME}")
        tls = self.folder / "tls"
        tls.mkdir()
        shutil.copy(certificate, tls / "fullchain.pem")
        shutil.copy(key, tls / "key.pem")
        for path in files.iterdir():
            path.write_text(self._placed(path.read_text(encoding="utf-8")), encoding="utf-8")
        if self.login == "basic":
            (files / "roles.map").write_text(roles, encoding="utf-8")
            (files / "passwords").write_text(passwords, encoding="utf-8")
            secret = f"map '' $protocol_assets_secret {{ default {SECRET}; }}\n"
            (files / "secret.conf").write_text(secret, encoding="utf-8")
        shipped = (DEPLOY / "protocol-assets.conf").read_text(encoding="utf-8")
        (self.folder / "site.conf").write_text(self._placed(shipped), encoding="utf-8")
        (self.folder / "nginx.conf").write_text(self._main(), encoding="utf-8")
        command = [nginx_program() or "", "-p", str(self.folder), "-c", "nginx.conf"]
        log = self.folder / "nginx.log"
        with running([*command, "-e", str(log)], log) as child:
            wait_until_listening(self.port, child, log)
            yield child

    def _placed(self, text: str) -> str:
        lines = [
            line if "server_name" in line else line.replace(NAME, self.host)
            for line in text.splitlines()
        ]
        text = "\n".join(lines) + "\n"
        for shipped, here in {
            "/etc/nginx/protocol-assets/": f"{self.folder}/protocol-assets/",
            "/etc/ssl/protocol-assets/": f"{self.folder}/tls/",
            "/run/protocol-assets-web/": f"{self.sockets}/",
            "/var/log/nginx/": f"{self.folder}/",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "127.0.0.1:8501": f"127.0.0.1:{self.dashboard_port}",
            "127.0.0.1:4180": f"127.0.0.1:{self.login_port}",
        }.items():
            text = text.replace(shipped, here)
        return text

    def _main(self) -> str:
        """What the distribution's nginx.conf says, without its paths."""
        temporary = "".join(
            f"  {name}_temp_path {self.folder}/{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;\n" if os.geteuid() == 0 else ""
        return (
            f"{user}daemon off;\nworker_processes 1;\npid {self.folder}/nginx.pid;\n"
            f"events {{}}\nhttp {{\n{temporary}  include {self.folder}/site.conf;\n}}\n"
        )


def nginx_program() -> str | None:
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


def wait_until_listening(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends and child.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"did not start:\n{log.read_text(errors='replace')[-3000:]}")

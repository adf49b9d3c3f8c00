"""Orthanc as a child process on loopback, and a proxy that counts what is asked of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests

__all__ = ["CountingProxy", "Orthanc", "counting_proxy", "program", "run_orthanc"]

_READY_S: Final = 30.0
_PLUGINS: Final = (
    Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so"),
    Path("/usr/lib/orthanc/plugins/libOrthancDicomWeb.so"),
    Path("/usr/local/share/orthanc/plugins/libOrthancDicomWeb.so"),
)


def program() -> tuple[str, Path] | None:
    """Orthanc and its DICOMweb plugin, None where one of them is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    orthanc = shutil.which("Orthanc", path=path)
    plugin = next((one for one in _PLUGINS if one.is_file()), None)
    return (orthanc, plugin) if orthanc and plugin else None


@dataclass
class Orthanc:
    """A running Orthanc.

    Attributes:
        address: ``http://127.0.0.1:port``.
        log: What it wrote.
        session: Speaks its REST interface, with the password where it has one.
    """

    address: str
    log: Path
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def url(self) -> str:
        """The DICOMweb root."""
        return f"{self.address}/dicom-web"

    def store(self, content: bytes) -> str:
        """``Success``, ``AlreadyStored``, or ``refused``."""
        answer = self.session.post(f"{self.address}/instances", data=content, timeout=30)
        return str(answer.json()["Status"]) if answer.ok else "refused"

    def get(self, path: str) -> Any:
        """The JSON at a path of the REST interface."""
        answer = self.session.get(self.address + path, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def delete_study(self, study_instance_uid: str) -> None:
        """Delete a study as a PACS administrator would."""
        found = self.session.post(
            f"{self.address}/tools/lookup", data=study_instance_uid, timeout=30
        ).json()
        (study,) = [one["Path"] for one in found if one["Type"] == "Study"]
        self.session.delete(self.address + study, timeout=30).raise_for_status()


@contextlib.contextmanager
def run_orthanc(
    folder: Path, *, password: str | None = None, options: Mapping[str, object] | None = None
) -> Iterator[Orthanc]:
    """Orthanc with an empty storage below ``folder``, ended whatever happens.

    Args:
        folder: A directory of its own.
        password: Of the user ``monitor``; None: no password is asked for.
        options: Further settings of its configuration.

    Raises:
        RuntimeError: It does not answer within 30 s.
    """
    found = program()
    if found is None:
        raise RuntimeError("Orthanc is not installed")
    orthanc, plugin = found
    port = _free_port()
    storage = folder / "storage"
    content: dict[str, object] = {
        "Name": "integration",
        "StorageDirectory": str(storage),
        "IndexDirectory": str(storage),
        "Plugins": [str(plugin)],
        "HttpPort": port,
        "HttpBindAddresses": ["127.0.0.1"],
        "RemoteAccessAllowed": False,
        "DicomServerEnabled": False,
        "AuthenticationEnabled": password is not None,
        "RegisteredUsers": {} if password is None else {"monitor": password},
        "DefaultEncoding": "Utf8",
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    configuration = folder / "orthanc.json"
    configuration.write_text(json.dumps(content | dict(options or {})), encoding="utf-8")
    running = Orthanc(f"http://127.0.0.1:{port}", folder / "orthanc.log")
    running.session.trust_env = False
    if password is not None:
        running.session.auth = ("monitor", password)
    with running.log.open("wb") as log:
        child = subprocess.Popen([orthanc, configuration], stdout=log, stderr=subprocess.STDOUT)
    try:
        _await(running, child)
        yield running
    finally:
        # Its storage goes with the folder, so that nothing is lost by not asking politely.
        child.kill()
        child.wait()
        running.session.close()


def _await(orthanc: Orthanc, child: subprocess.Popen[bytes]) -> None:
    ends_at = time.monotonic() + _READY_S
    while child.poll() is None and time.monotonic() < ends_at:
        with contextlib.suppress(requests.ConnectionError):
            orthanc.get("/system")
            return
        time.sleep(0.05)
    raise RuntimeError(f"Orthanc did not start: {orthanc.log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    # Orthanc cannot choose a port itself.
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class CountingProxy:
    """Stands before Orthanc and remembers each request.

    Attributes:
        url: The DICOMweb root through the proxy.
        is_down: Each connection is closed without an answer, as by a PACS that is shut down.
        requests: Path and query of each request, in order.
        connections: Connections that were opened.
    """

    url: str
    is_down: bool = False
    requests: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def listings(self) -> list[str]:
        """QIDO-RS requests for studies."""
        return [one for one in self.requests if urlsplit(one).path.endswith("/studies")]

    @property
    def retrievals(self) -> list[str]:
        """StudyInstanceUIDs in the order in which their metadata was fetched."""
        paths = [urlsplit(one).path for one in self.requests]
        return [path.split("/studies/")[1].split("/")[0] for path in paths if "/metadata" in path]


@contextlib.contextmanager
def counting_proxy(
    orthanc: Orthanc, context: ssl.SSLContext | None = None
) -> Iterator[CountingProxy]:
    """A proxy that hands everything on as it is, over TLS where a context is given."""
    target = urlsplit(orthanc.address).netloc
    counter = CountingProxy("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            counter.requests.append(self.path)
            if counter.is_down:
                self.close_connection = True
                return
            upstream = http.client.HTTPConnection(target, timeout=60)
            try:
                upstream.request("GET", self.path, headers=dict(self.headers))
                answer = upstream.getresponse()
                body = answer.read()
            finally:
                upstream.close()
            self.send_response_only(answer.status)
            for name in ("Content-Type", "Content-Encoding"):
                if answer.headers[name]:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def get_request(self) -> Any:
            counter.connections += 1
            return super().get_request()

        def handle_error(self, *_: Any) -> None:
            pass  # a client that went away, or refused the certificate

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    scheme = "http" if context is None else "https"
    counter.url = f"{scheme}://127.0.0.1:{server.server_port}/dicom-web"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield counter
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

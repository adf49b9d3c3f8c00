"""What every test has: Hypothesis without deadlines, for time is not what tests measure."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import settings
from sqlalchemy import Engine, event

# The same examples in each run: a change is judged by what it changes. To look for new examples:
# HYPOTHESIS_PROFILE=explore
settings.register_profile("project", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "project"))


@event.listens_for(Engine, "connect")
def _without_waiting_for_the_disk(connection: object, _: object) -> None:
    """A loss of power is not tested, and Dagster waits for the disk several times an event."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous = off")


_REAL_HEADERS = Path(__file__).parents[2] / "shared" / "real_headers"


@pytest.fixture(scope="session")
def real_headers() -> Path:
    """Real WADO-RS answers of five scanner families, where they stand beside the project."""
    if not _REAL_HEADERS.is_dir():
        pytest.skip("real headers are not beside the project")
    return _REAL_HEADERS


class _StaticPacs(BaseHTTPRequestHandler):
    """Serves a list of instances as QIDO-RS studies and WADO-RS study metadata."""

    protocol_version = "HTTP/1.1"
    instances: ClassVar[list[dict[str, Any]]]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if parts.path.endswith("/studies"):
            studies = self._studies(query.get("StudyDate", [""])[0])
            first = int(query.get("offset", ["0"])[0])
            self._answer(studies[first : first + int(query.get("limit", ["1000"])[0])])
            return
        uid = parts.path.split("/studies/")[1].split("/")[0]
        self._answer([one for one in self.instances if one[_STUDY_UID]["Value"] == [uid]])

    def _studies(self, day: str) -> list[dict[str, Any]]:
        studies: dict[str, dict[str, Any]] = {}
        series: defaultdict[str, set[str]] = defaultdict(set)
        for one in self.instances:
            if one["00080020"]["Value"] != [day]:
                continue
            (uid,) = one[_STUDY_UID]["Value"]
            series[uid].add(one["0020000E"]["Value"][0])
            study = studies.setdefault(
                uid,
                {
                    _STUDY_UID: one[_STUDY_UID],
                    "00080020": one["00080020"],
                    "00080061": {"vr": "CS", "Value": ["MR"]},
                    "00201208": {"vr": "IS", "Value": [0]},
                },
            )
            study["00201208"]["Value"][0] += 1
            study["00201206"] = {"vr": "IS", "Value": [len(series[uid])]}
        return list(studies.values())

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/dicom+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


_STUDY_UID = "0020000D"


@pytest.fixture(scope="session")
def serve_instances() -> Iterator[Callable[[list[dict[str, Any]]], str]]:
    """Start a PACS that holds the given instances; gives its URL."""
    servers = []

    def serve(instances: list[dict[str, Any]]) -> str:
        handler = type("Handler", (_StaticPacs,), {"instances": instances})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/dicom-web"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()

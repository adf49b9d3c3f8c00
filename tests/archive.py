"""A small DICOMweb archive of made-up studies, each listed for the day that a test says."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

Instance = dict[str, Any]

STUDY = "0020000D"
SERIES = "0020000E"
SOP = "00080018"
DAY = "00080020"


def element(vr: str, *values: Any) -> dict[str, Any]:
    """An element of the DICOM JSON model."""
    return {"vr": vr, "Value": list(values)}


def scan(study: str, number: int, **changes: Any) -> Instance:
    """One instance of a sagittal T2 on one scanner; ``t00180083=element(...)`` changes an element.

    ``number`` is the series; a change to None removes the element.
    """
    instance = {
        "00080005": element("CS", "ISO_IR 192"),
        "00080008": element("CS", "ORIGINAL", "PRIMARY", "M", "NORM"),
        "00080016": element("UI", "1.2.840.10008.5.1.4.1.1.4"),
        SOP: element("UI", f"{study}.{number}.1"),
        DAY: element("DA", "20260302"),
        "00080022": element("DA", "20260302"),
        "00080030": element("TM", "095500"),
        "00080032": element("TM", f"10{3 * number:02}00"),
        "00080060": element("CS", "MR"),
        "00080070": element("LO", "SIEMENS"),
        "0008103E": element("LO", f"t2_tse_sag_{number}"),
        "00081090": element("LO", "Aera"),
        "00100020": element("LO", f"P{study}"),
        "00180015": element("CS", "LSPINE"),
        "00180020": element("CS", "SE"),
        "00180023": element("CS", "2D"),
        "00180080": element("DS", 3500),
        "00180081": element("DS", 100),
        "00180083": element("DS", number),
        "00180087": element("DS", 1.5),
        "00180091": element("IS", 16),
        "00181000": element("LO", "41001"),
        "00181310": element("US", 0, 320, 256, 0),
        "00200011": element("IS", number),
        STUDY: element("UI", study),
        SERIES: element("UI", f"{study}.{number}"),
        "00200037": element("DS", 0, 1, 0, 0, 0, -1),
        "00280010": element("US", 320),
        "00280011": element("US", 320),
        "00280030": element("DS", 0.9, 0.9),
    }
    for name, value in changes.items():
        if value is None:
            instance.pop(name.removeprefix("t"), None)
        else:
            instance[name.removeprefix("t")] = value
    return instance


class Archive:
    """Studies by the day they are listed for.

    Attributes:
        days: Study UID to the listed day, as DICOM writes it.
        instances: Instances by the study that a search finds them in.
    """

    def __init__(self) -> None:
        self.days: dict[str, str] = {}
        self.instances: defaultdict[str, list[Instance]] = defaultdict(list)

    def add(self, day: str, study: str, instances: Iterable[Instance]) -> None:
        """List a study for a day."""
        self.days[study] = day
        self.instances[study] += instances

    def studies(self, asked: str) -> list[Instance]:
        """Rows of a search for studies by a StudyDate or a range of them."""
        first, dash, last = asked.partition("-")
        last = (last or "99999999") if dash else first
        return [self._row(uid) for uid, day in self.days.items() if first <= day <= last]

    def _row(self, uid: str) -> Instance:
        found = self.instances[uid]
        modalities = {one.get("00080060", element("CS", "OT"))["Value"][0] for one in found}
        return {
            DAY: element("DA", self.days[uid]),
            "00080061": element("CS", *sorted(modalities)),
            STUDY: element("UI", uid),
            "00201206": element("IS", len(self.series(uid))),
            "00201208": element("IS", len(found)),
        }

    def series(self, uid: str) -> list[Instance]:
        """Rows of a search for the series of a study."""
        found: defaultdict[str, list[Instance]] = defaultdict(list)
        for one in self.instances[uid]:
            found[json.dumps(one.get(SERIES))].append(one)
        return [
            {tag: own[0][tag] for tag in (SERIES, STUDY, "00080060") if tag in own[0]}
            | {"00201209": element("IS", len(own))}
            for own in found.values()
        ]

    def metadata(self, uid: str, series: str | None = None) -> list[Instance]:
        """The metadata of a study or of one of its series."""
        found = self.instances[uid]
        return [one for one in found if series in (None, *one.get(SERIES, {}).get("Value", []))]


class Holdings(Protocol):
    """What ``served`` asks of an archive."""

    def studies(self, asked: str) -> list[Instance]:
        """Rows of a search for studies by a StudyDate or a range of them."""

    def series(self, uid: str) -> list[Instance]:
        """Rows of a search for the series of a study."""

    def metadata(self, uid: str, series: str | None = None) -> list[Instance]:
        """The metadata of a study or of one of its series."""


@contextmanager
def served(archive: Holdings) -> Iterator[str]:
    """Serve an archive on loopback; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            steps = parts.path.removeprefix("/dicom-web/").rstrip("/").split("/")
            match steps:
                case ["studies"]:
                    rows = archive.studies(query.get("StudyDate", "-"))
                case ["studies", uid, "series"]:
                    rows = archive.series(uid)
                case ["studies", uid, "metadata"]:
                    rows, query = archive.metadata(uid), {}
                case ["studies", uid, "series", series, "metadata"]:
                    rows, query = archive.metadata(uid, series), {}
                case _:
                    rows = []
            first = int(query.get("offset", 0))
            body = json.dumps(rows[first : first + int(query.get("limit", 1000))]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/dicom+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dicom-web"
    finally:
        server.shutdown()
        server.server_close()

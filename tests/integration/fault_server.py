"""A simulated PACS that misbehaves on demand, and the ways in which its answers are spoiled."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import random
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import parse_qs

from protocol_assets_simulator import Answer, Fleet, Request, SimulatedPacs

DAY: Final = dt.date(2026, 3, 2)
STUDY_UID, SERIES_UID, SOP_UID = "0020000D", "0020000E", "00080018"
STUDY_DATE, STUDY_TIME = "00080020", "00080030"
MODALITIES, MODALITY = "00080061", "00080060"
COUNTS: Final = ("00201206", "00201208")
AVERAGES: Final = "00180083"

Rows = list[dict[str, Any]]
Spoil = Callable[["FaultyPacs", Request, Answer], Answer]


@dataclass(frozen=True, slots=True)
class Wire(Answer):
    """An answer that is written to the socket by itself."""

    write: Callable[[BaseHTTPRequestHandler], None] = field(default=lambda _: None)


class FaultyPacs(SimulatedPacs):
    """Six studies of one day; ``fault`` sees each plain answer and gives another one.

    Attributes:
        victim: StudyInstanceUID of the study that faults of one study strike.
        fault: None: it behaves.
        seen: Answers of each kind that ``once`` has spoiled.
    """

    def __init__(self) -> None:
        super().__init__(Fleet(seed=7, scanners=3, studies=6, start=DAY, end=DAY))
        self.victim = sorted(study.study_uid for study in self.fleet.studies(None, DAY, DAY))[2]
        self.fault: Spoil | None = None
        self.requests: list[Request] = []
        self.seen = 0
        self.released = threading.Event()

    def respond(self, request: Request) -> Answer:
        self.requests.append(request)
        plain = Request(request.path, request.query, {**request.headers, "Accept-Encoding": ""})
        answer = super().respond(plain)
        return answer if self.fault is None else self.fault(self, request, answer)

    def send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if isinstance(answer, Wire):
            answer.write(handler)
            handler.close_connection = True
        else:
            super().send(handler, answer)


# Which answers are spoiled


def is_listing(request: Request) -> bool:
    return request.path.endswith("/studies")


def one(request: Request, name: str, default: str = "") -> str:
    return parse_qs(request.query).get(name, [default])[0]


def listing(change: Callable[[FaultyPacs, Request, Answer], Answer]) -> Spoil:
    """Strikes QIDO-RS for studies."""
    return lambda pacs, request, answer: (
        change(pacs, request, answer) if is_listing(request) else answer
    )


def victims(change: Callable[[Answer], Answer]) -> Spoil:
    """Strikes all metadata of the victim."""

    def spoil(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
        hit = pacs.victim in request.path and request.path.endswith("/metadata")
        return change(answer) if hit else answer

    return spoil


def once(spoil: Spoil) -> Spoil:
    """Strikes the first answer that it would change."""

    def spoiled(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
        changed = spoil(pacs, request, answer)
        if changed is answer:
            return answer
        pacs.seen += 1
        return changed if pacs.seen == 1 else answer

    return spoiled


def deleted(spoil: Spoil) -> Spoil:
    """As ``spoil``; and the victim is no longer listed once its metadata were asked for."""

    def spoiled(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
        if pacs.victim in request.path:
            pacs.seen += 1
            if request.path.endswith("/series"):
                return Answer(404)
            return spoil(pacs, request, answer)
        if is_listing(request) and pacs.seen and answer.status == 200:
            kept = [row for row in read(answer) if row[STUDY_UID]["Value"] != [pacs.victim]]
            return rewritten(answer, kept)
        return answer

    return spoiled


# Answers


def read(answer: Answer) -> Rows:
    rows: Rows = json.loads(answer.body)
    return rows


def rewritten(answer: Answer, content: Any) -> Answer:
    return Answer(answer.status, json.dumps(content).encode(), answer.headers)


def body(content: bytes, status: int = 200, **headers: str) -> Callable[[Answer], Answer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Answer(status, content, {"Content-Type": "application/dicom+json", **named})


def rows(change: Callable[[Rows], Any]) -> Callable[[Answer], Answer]:
    return lambda answer: rewritten(answer, change(read(answer)))


def each(change: Callable[[dict[str, Any]], Any]) -> Callable[[Answer], Answer]:
    """Changes every instance in place."""

    def changed(answer: Answer) -> Answer:
        content = read(answer)
        for row in content:
            change(row)
        return rewritten(answer, content)

    return changed


def value(tag: str, element: Any) -> Callable[[Answer], Answer]:
    return each(lambda row: row.__setitem__(tag, element))


def text(old: bytes, new: bytes) -> Callable[[Answer], Answer]:
    """Changes the text of the answer where JSON could not be written so."""

    def changed(answer: Answer) -> Answer:
        marked = [{**row, AVERAGES: {"vr": "DS", "Value": ["MARK"]}} for row in read(answer)]
        whole = json.dumps(marked).encode()
        return Answer(answer.status, whole.replace(old, new), answer.headers)

    return changed


def paged(
    answer: Answer, request: Request, *, cap: int = 10**6, offset: bool = True, limit: bool = True
) -> Answer:
    """The listing again, paged by another server's rules."""
    found = read(answer)[:cap]
    first = int(one(request, "offset", "0")) if offset else 0
    last = first + int(one(request, "limit", "100")) if limit else 10**6
    return rewritten(answer, found[first:last])


def whole_listing(pacs: FaultyPacs, request: Request) -> Answer:
    """What the simulator lists for the same filters without paging."""
    kept = [part for part in request.query.split("&") if not part.startswith(("limit", "offset"))]
    query = "&".join(kept)
    plain = Request(request.path, query, {"Accept": "*/*", "Accept-Encoding": ""})
    return SimulatedPacs.respond(pacs, plain)


def repaged(**rules: Any) -> Spoil:
    return listing(lambda pacs, request, _: paged(whole_listing(pacs, request), request, **rules))


def reordered(change: Callable[[FaultyPacs, Rows], Rows], *tags: str) -> Spoil:
    """A listing whose whole order is made anew for every page, without the elements ``tags``."""

    def spoil(pacs: FaultyPacs, request: Request, _: Answer) -> Answer:
        whole = each(drop(*tags))(whole_listing(pacs, request))
        pacs.seen += 1
        return paged(rewritten(whole, change(pacs, read(whole))), request)

    return listing(spoil)


def in_random_order(pacs: FaultyPacs, found: Rows) -> Rows:
    return random.Random(pacs.seen).sample(found, len(found))


def rotated(pacs: FaultyPacs, found: Rows) -> Rows:
    first = pacs.seen % len(found) if found else 0
    return found[first:] + found[:first]


def victim_comes_first(pacs: FaultyPacs, found: Rows) -> Rows:
    """The victim arrives while the day is listed, before all that was listed already."""
    own = [row for row in found if row[STUDY_UID]["Value"] == [pacs.victim]]
    others = [row for row in found if row not in own]
    return own + others if pacs.seen > 1 else others


def moved(place: Callable[[FaultyPacs, int], int]) -> Spoil:
    """Offsets are taken for others."""

    def spoil(pacs: FaultyPacs, request: Request, _: Answer) -> Answer:
        pacs.seen += 1
        asked = int(one(request, "offset", "0"))
        others = [part for part in request.query.split("&") if not part.startswith("offset=")]
        query = "&".join([*others, f"offset={place(pacs, asked)}"])
        there = Request(request.path, query, request.headers)
        return paged(whole_listing(pacs, request), there)

    return listing(spoil)


def in_pages_of_any_length(pacs: FaultyPacs, request: Request, _: Answer) -> Answer:
    """Two rows, one row, two rows, ..., whatever the limit."""
    pacs.seen += 1
    first = int(one(request, "offset", "0"))
    whole = whole_listing(pacs, request)
    return rewritten(whole, read(whole)[first : first + 1 + pacs.seen % 2])


def capped_day(*tags: str) -> Spoil:
    """Four studies of a day, and all of them where a range of days is asked for."""

    def spoil(pacs: FaultyPacs, request: Request, _: Answer) -> Answer:
        found = each(drop(*tags))(whole_listing(pacs, request))
        is_range = "-" in one(request, "StudyDate")
        return paged(found, request, cap=10**6 if is_range else 4)

    return listing(spoil)


def without_filter(name: str) -> Spoil:
    def spoil(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
        if f"{name}=" not in request.query:
            return answer
        kept = [part for part in request.query.split("&") if not part.startswith(f"{name}=")]
        plain = Request(request.path, "&".join(kept), {"Accept": "*/*", "Accept-Encoding": ""})
        return SimulatedPacs.respond(pacs, plain)

    return listing(spoil)


def refusing(parameter: str, status: int) -> Spoil:
    return listing(
        lambda _, request, answer: Answer(status) if f"{parameter}=" in request.query else answer
    )


def listed(change: Callable[[dict[str, Any]], Any]) -> Spoil:
    """Changes every listed study in place."""
    return listing(lambda _, __, answer: each(change)(answer) if answer.body else answer)


def drop(*tags: str) -> Callable[[dict[str, Any]], None]:
    def dropped(row: dict[str, Any]) -> None:
        for tag in tags:
            row.pop(tag, None)

    return dropped


def as_text(row: dict[str, Any]) -> None:
    for tag in COUNTS:
        row[tag]["Value"] = [str(row[tag]["Value"][0])]


def alternating_pages(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
    """The first listing loses a row between two pages."""
    if "StudyTime" in request.query or one(request, "offset", "0") == "0":
        return answer
    pacs.seen += 1
    return rewritten(answer, read(answer)[1:]) if pacs.seen == 1 else answer


# On the wire


def head(handler: BaseHTTPRequestHandler, **headers: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/dicom+json")
    for name, content in headers.items():
        handler.send_header(name.replace("_", "-"), content)
    handler.end_headers()


def reset(_: Answer) -> Answer:
    def write(handler: BaseHTTPRequestHandler) -> None:
        option = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
        handler.connection.close()

    return Wire(200, write=write)


def cut(how: str) -> Callable[[Answer], Answer]:
    """Half of an answer."""

    def change(answer: Answer) -> Answer:
        content = answer.body[: len(answer.body) // 2]

        def write(handler: BaseHTTPRequestHandler) -> None:
            if how == "length":
                head(handler, Content_Length=str(len(answer.body)))
                handler.wfile.write(content)
            elif how == "chunked":
                head(handler, Transfer_Encoding="chunked")
                handler.wfile.write(f"{len(answer.body):x}\r\n".encode() + content)
            elif how == "gzip":
                packed = gzip.compress(answer.body)
                head(handler, Content_Encoding="gzip", Connection="close")
                handler.wfile.write(packed[: len(packed) // 2])
            else:
                head(handler, Connection="close")
                handler.wfile.write(content)

        return Wire(200, write=write)

    return change


def hangs(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
    def write(handler: BaseHTTPRequestHandler) -> None:
        head(handler, Content_Length="1000")
        pacs.released.wait(30)

    is_victims = pacs.victim in request.path and request.path.endswith("/metadata")
    return Wire(200, write=write) if is_victims else answer


def drips(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
    def write(handler: BaseHTTPRequestHandler) -> None:
        head(handler, Content_Length="100000")
        while not pacs.released.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    is_victims = pacs.victim in request.path and request.path.endswith("/metadata")
    return Wire(200, write=write) if is_victims else answer


BOMB: Final = gzip.compress(b"[" + b" " * 50_000_000 + b"]", 9)


def bomb(_: Answer) -> Answer:
    return Answer(200, BOMB, {"Content-Encoding": "gzip"})


def deep(depth: int = 100_000) -> bytes:
    return b"[" * depth + b"]" * depth

"""From the bytes of an answer to an array of JSON objects, within bounds. Knows no HTTP status."""

from __future__ import annotations

import codecs
import contextlib
import gc
import json
import math
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import orjson

__all__ = ["BodyError", "Row", "inflate", "parse_objects", "read_bounded", "whole"]

Row = dict[str, Any]
T = TypeVar("T")

_CHUNK = 65_536
_LATIN1 = "protocol_assets.latin1"
_FIRST_OBJECT = re.compile(rb'\s*\[(\s*\{\s*"[^"\\]*")')


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_LATIN1, _as_latin1)


class BodyError(Exception):
    """An unusable body; ``args[0]`` is a kind of PacsError, ``args[1]`` what was wrong."""


def read_bounded(read: Callable[[int], bytes], limit: int) -> bytes:
    """All that ``read`` gives, at most ``limit`` bytes.

    Raises:
        BodyError: ``too_large``.
    """
    parts: list[bytes] = []
    size = 0
    while part := read(_CHUNK):
        size += len(part)
        if size > limit:
            raise BodyError("too_large", None)
        parts.append(part)
    return b"".join(parts)


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """``body`` decompressed, at most ``limit`` bytes: a small gzip can hold gigabytes.

    Args:
        body: As it came over the wire.
        encoding: The Content-Encoding header; only gzip is ever asked for.
        limit: Bytes.

    Raises:
        BodyError: ``too_large``, ``interrupted`` (it ends early) or ``not_json``.
    """
    if encoding.strip().lower() in ("", "identity"):
        return body
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        raise BodyError("not_json", "a compression that was not asked for")
    parts: list[bytes] = []
    left = limit
    while body:
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            part = member.decompress(body, left + 1)
        except zlib.error:
            raise BodyError("interrupted", "broken gzip") from None
        if len(part) > left:
            raise BodyError("too_large", None)
        if not member.eof:
            raise BodyError("interrupted", "truncated gzip")
        parts.append(part)
        left -= len(part)
        body = member.unused_data
    return b"".join(parts)


def whole(row: Row) -> Row:
    """The object as it is.

    Raises:
        TypeError: It is nested too deeply to be written again.
    """
    orjson.dumps(row)
    return row


def parse_objects(body: bytes, take: Callable[[Row], T]) -> list[T]:
    """The JSON array of objects in ``body``.

    Forgives what hospital servers really send: a byte order mark, Latin-1 bytes (read as such,
    not lost), raw control characters, NaN and infinite numbers (text, so that they are counted).

    Args:
        body: Decompressed.
        take: Gives what is kept of each object. Of an object that is nested too deeply to be
            written again, so too deeply for every step after this one, it raises TypeError or
            RecursionError.

    Raises:
        BodyError: ``interrupted`` (the array has no end), ``not_json`` or ``not_dicom``.
    """
    with _without_collection():
        try:
            return [_taken(row, take) for piece in _pieces(body) for row in orjson.loads(piece)]
        except (orjson.JSONDecodeError, TypeError, RecursionError):
            pass  # parsing the whole body will say what is wrong
        try:
            rows = orjson.loads(body)
        except orjson.JSONDecodeError:
            rows = _parse_leniently(body)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BodyError("not_dicom", None)
        try:
            return [take(row) for row in rows]
        except (TypeError, RecursionError):
            raise BodyError("not_dicom", "nested too deeply") from None


def _taken(row: Any, take: Callable[[Row], T]) -> T:
    if not isinstance(row, dict):
        raise TypeError("no object")
    return take(row)


def _pieces(body: bytes) -> Iterator[bytes]:
    """The array as several, cut where an object seems to begin as the first one did.

    An object that is parsed, taken and dropped before the next one stays in the processor's cache.
    Where every piece is JSON, every cut was right: one within a text or a nested object would leave
    quotes or brackets open on both sides.
    """
    first = _FIRST_OBJECT.match(body)
    last = body.rfind(b"]")
    if first is None or body[last + 1 :].strip():
        yield body
        return
    mark = b"," + first[1]
    start = first.start(1)
    while (end := body.find(mark, start, last)) >= 0:
        yield b"[%b]" % body[start:end]
        start = end + 1
    yield b"[%b]" % body[start:last]


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Without the cyclic garbage collector: JSON holds no cycles, and half the time went there."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _parse_leniently(body: bytes) -> Any:
    text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors=_LATIN1).strip()
    decoder = json.JSONDecoder(
        strict=False, parse_constant=str, parse_float=_finite, parse_int=_integer
    )
    try:
        return _without_lone_surrogates(decoder.decode(text))
    except RecursionError:
        raise BodyError("not_dicom", "nested too deeply") from None
    except json.JSONDecodeError as error:
        if text.startswith("[") and (not text.endswith("]") or error.pos >= len(text)):
            raise BodyError("interrupted", "truncated JSON") from None
        raise BodyError("not_json", None) from None


def _finite(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _integer(text: str) -> int | float | str:
    # As orjson reads it: beyond 64 bits an integer becomes a float.
    return int(text) if len(text) < 19 else _finite(text)


_SURROGATE = re.compile("[\ud800-\udfff]")


def _without_lone_surrogates(node: Any) -> Any:
    if isinstance(node, str):
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", node)
    if isinstance(node, list):
        return [_without_lone_surrogates(member) for member in node]
    if isinstance(node, dict):
        return {
            _without_lone_surrogates(key): _without_lone_surrogates(value)
            for key, value in node.items()
        }
    return node

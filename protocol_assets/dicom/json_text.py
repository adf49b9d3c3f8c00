"""DICOM JSON as text: one instance a line, bulk data left out, whatever the server wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from protocol_assets.dicom.paths import Dataset

__all__ = ["decode_instance", "encode_instance", "text_blocks"]

_BULK = ("BulkDataURI", "InlineBinary")
_OPENINGS: Final = (b'{"BulkDataURI":"', b'{"InlineBinary":"')
_DEEPEST: Final = 254  # what orjson writes
_BLOCK_BYTES: Final = 1 << 20


def encode_instance(instance: Dataset) -> bytes:
    """One line of NDJSON without its newline, keys sorted: the same instance is the same bytes.

    Bulk data values (PS3.18 annex F.2.6) are left out: they hold UIDs or pixels and no parameter.
    The element stays, so that its presence is still told.

    Raises:
        RecursionError: It is nested too deeply to be read again.
    """
    line = _dumps(instance)
    for opening in _OPENINGS:
        line = _cut(line, opening)
    if b"BulkDataURI" in line or b"InlineBinary" in line:
        return _dumps(_without_bulk(instance))
    return line


def _cut(line: bytes, opening: bytes) -> bytes:
    """The line without the members that ``opening`` begins: the first ones of their objects.

    That is nearly always where bulk data stands, and spares a walk through every value. What it
    begins is no part of a text, where the quotes would be escaped.
    """
    before, *found = line.split(opening)
    rests = []
    for text in found:
        value, _, rest = text.partition(b'"')
        if b"\\" in value:
            return line  # the quote may be escaped
        rests.append(rest.removeprefix(b","))
    return b"{".join((before, *rests))


def _dumps(instance: Any) -> bytes:
    try:
        return orjson.dumps(instance, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # A lone surrogate or an integer beyond 64 bits; the escaped form keeps both.
        if _is_deep(instance):
            raise RecursionError("nested too deeply") from None
        return json.dumps(instance, separators=(",", ":"), sort_keys=True).encode("ascii")


def _is_deep(node: Any, left: int = _DEEPEST) -> bool:
    members = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return left == 0 or any(_is_deep(member, left - 1) for member in members)


def decode_instance(line: bytes) -> Dataset:
    """The instance of one line.

    Raises:
        ValueError: The line is no JSON object.
    """
    try:
        instance = orjson.loads(line)
    except orjson.JSONDecodeError:
        instance = json.loads(line)
    if not isinstance(instance, dict):
        raise ValueError("a line of the raw file is no JSON object")
    return instance


def text_blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The NDJSON text of ``lines``, in blocks of about a mebibyte: few calls, little memory."""
    block: list[bytes] = []
    size = 0
    for line in lines:
        block += line, b"\n"
        size += len(line)
        if size >= _BLOCK_BYTES:
            yield b"".join(block)
            block, size = [], 0
    yield b"".join(block)


def _without_bulk(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_bulk(value) for key, value in node.items() if key not in _BULK}
    if isinstance(node, list) and any(isinstance(member, dict | list) for member in node):
        return [_without_bulk(member) for member in node]
    return node

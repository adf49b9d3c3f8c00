"""DICOM JSON as text: one instance a line, bulk data left out, whatever the server wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from protocol_assets.dicom.paths import Dataset
from protocol_assets.dicom.unknown_values import with_known_values

__all__ = ["decode_instance", "encode_instance", "text_blocks"]

_BULK = ("BulkDataURI", "InlineBinary")
_BULK_NAMES: Final = tuple(name.encode() for name in _BULK)
_UNKNOWN: Final = b'"vr":"UN"'
_DEEPEST: Final = 254  # what orjson writes
_BLOCK_BYTES: Final = 1 << 20


def encode_instance(instance: Dataset) -> bytes:
    """One line of NDJSON without its newline, keys sorted: the same instance is the same bytes.

    Text and numbers of unknown VR are read from their bytes first (``unknown_values``). All other
    bulk data values (PS3.18 annex F.2.6) are left out: they hold UIDs or pixels and no parameter.
    The element stays, so that its presence is still known.

    Raises:
        RecursionError: It is nested too deeply to be read again.
    """
    line = _dumps(instance)
    if _UNKNOWN in line and any(name in line for name in _BULK_NAMES):
        instance = with_known_values(instance)
        line = _dumps(instance)
    for name in _BULK_NAMES:
        cut = _cut(line, name)
        if cut is None:
            return _dumps(_without_bulk(instance))
        line = cut
    return line


def _cut(line: bytes, name: bytes) -> bytes | None:
    """The line without the texts called ``name``, where each is the first member of its object.

    That is nearly always where bulk data stands, and spares a walk through every value. A name
    between brace, quotes and colon is no part of a text, where the quotes would be escaped.

    Returns:
        None where the name stands elsewhere, or the text holds what is escaped.
    """
    found = line.find(name)
    if found < 0:
        return line
    parts, start = [], 0
    while found >= 0:
        begin = found + len(name) + 3
        end = line.find(b'"', begin)
        if line[found - 2 : found] != b'{"' or line[begin - 3 : begin] != b'":"':
            return None
        if b"\\" in line[begin:end]:
            return None
        parts.append(line[start : found - 1])
        start = end + (2 if line.startswith(b",", end + 1) else 1)
        found = line.find(name, start)
    return b"".join((*parts, line[start:]))


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

"""DICOM JSON as text: one instance a line, bulk data left out, whatever the server wrote."""

from __future__ import annotations

import json
from typing import Any

import orjson

from protocol_assets.dicom.paths import Dataset

__all__ = ["decode_instance", "encode_instance"]

_BULK = ("BulkDataURI", "InlineBinary")
_DEEPEST = 254  # what orjson writes


def encode_instance(instance: Dataset) -> bytes:
    """One line of NDJSON without its newline, keys sorted: the same instance is the same bytes.

    Bulk data values (PS3.18 annex F.2.6) are left out: they hold UIDs or pixels and no parameter.
    The element stays, so that its presence is still told.

    Raises:
        RecursionError: It is nested too deeply to be read again.
    """
    line = _dumps(instance)
    if not _names_bulk(line):
        return line
    # Bulk data mostly stands in elements of the instance itself: that spares a walk through every
    # value.
    shallow = dict(instance)
    for tag, element in instance.items():
        if type(element) is dict and ("BulkDataURI" in element or "InlineBinary" in element):
            shallow[tag] = _without_bulk(element)
    line = _dumps(shallow)
    return _dumps(_without_bulk(instance)) if _names_bulk(line) else line


def _names_bulk(line: bytes) -> bool:
    return b'"BulkDataURI"' in line or b'"InlineBinary"' in line


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


def _without_bulk(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_bulk(value) for key, value in node.items() if key not in _BULK}
    if isinstance(node, list) and any(isinstance(member, dict | list) for member in node):
        return [_without_bulk(member) for member in node]
    return node

"""Seals: every stored file contains the digest of its own bytes, so a flipped bit is detected.

A digest in a second file could be separated from the first by a crash. It is part of the file
instead, and is computed with zeros in its own place.
"""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = ["BLANK", "is_sealed", "seal"]

BLANK: Final = "0" * 64
"""The placeholder of the digest until the file is sealed: as long as SHA-256 in hex."""


def seal(content: bytes, before: bytes) -> bytes:
    """The content with its digest instead of ``BLANK``.

    Args:
        content: A whole file.
        before: The bytes before the placeholder; the last occurrence counts.

    Raises:
        ValueError: There is no placeholder.
    """
    place = _place(content, before)
    if place is None or content[place : place + len(BLANK)] != BLANK.encode():
        raise ValueError("nowhere to put the seal")
    return _filled(content, place, _digest(content))


def is_sealed(content: bytes, before: bytes) -> bool | None:
    """Whether a file is what was sealed; None if it has no place for a seal.

    Args:
        content: A whole file.
        before: As for ``seal``.
    """
    place = _place(content, before)
    if place is None:
        return None
    found = content[place : place + len(BLANK)]
    return found == _digest(_filled(content, place, BLANK)).encode()


def _place(content: bytes, before: bytes) -> int | None:
    found = content.rfind(before)
    return None if found < 0 else found + len(before)


def _filled(content: bytes, place: int, text: str) -> bytes:
    return b"".join((content[:place], text.encode(), content[place + len(BLANK) :]))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

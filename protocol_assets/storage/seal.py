"""Seals: every stored file carries the digest of its own bytes, so that no flipped bit goes unseen.

A digest beside a file would be a second file that a crash could part from the first. It stands in
the file itself instead, and is taken with zeros in its own place.
"""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = ["BLANK", "is_sealed", "seal"]

BLANK: Final = "0" * 64
"""What stands in the place of the digest until the file is sealed: as long as SHA-256 in hex."""


def seal(content: bytes, before: bytes) -> bytes:
    """The content with its digest in the place of ``BLANK``.

    Args:
        content: A whole file.
        before: The bytes that stand before the place; what stands last counts.

    Raises:
        ValueError: There is no such place.
    """
    place = _place(content, before)
    if place is None or content[place : place + len(BLANK)] != BLANK.encode():
        raise ValueError("nowhere to put the seal")
    return _filled(content, place, _digest(content))


def is_sealed(content: bytes, before: bytes) -> bool | None:
    """Whether a file is as it was sealed; None where it has no place for a seal.

    Args:
        content: A whole file.
        before: As of ``seal``.
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

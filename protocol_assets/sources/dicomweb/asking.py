"""Runs questions to a PACS so that whatever they raise is a ``PacsError`` that may be logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from protocol_assets.sources.dicomweb.paging import CappedError, UnstableError
from protocol_assets.sources.errors import Kind, PacsError

__all__ = ["ask", "prove"]

T = TypeVar("T")


def ask(pacs: str, call: Callable[[], T]) -> T:
    """Run one request.

    Args:
        pacs: Name of the PACS.
        call: The request.

    Raises:
        PacsError: Without a trace of library frames, which hold URLs.
    """
    failure: PacsError
    try:
        return call()
    except PacsError as error:
        failure = error
    except Exception as error:
        failure = PacsError(pacs, "unexpected", None, type(error).__name__)
    failure.__cause__ = failure.__context__ = None
    try:
        raise failure.with_traceback(None)
    finally:
        del failure  # its traceback holds this frame


def prove(pacs: str, call: Callable[[], T]) -> T:
    """Run a listing that must be proved complete.

    Args:
        pacs: Name of the PACS.
        call: The listing.

    Raises:
        PacsError: kind ``capped`` or ``unstable`` if the listing cannot be proved complete.
    """
    try:
        return call()
    except CappedError as error:
        kind: Kind = "unstable" if isinstance(error, UnstableError) else "capped"
        reason = str(error)
    raise PacsError(pacs, kind, None, reason)

"""What one thread's requests to a PACS are sent with, and what came of the last of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from protocol_assets.sources.dicomweb.answers import Answer, Failure
from protocol_assets.sources.dicomweb.body import Row, whole

__all__ = ["RequestContext"]


class RequestContext(threading.local):
    """The settings of a session that each thread has for itself.

    Attributes:
        etag: Sent as If-None-Match; empty for none.
        take: Applied to each object of an answer.
        last: The thread's last good answer.
    """

    def __init__(self) -> None:
        # Called once in each thread.
        self.etag = ""
        self.take: Callable[[Row], Any] = whole
        self.last = Answer()
        self._refusals: frozenset[int] = frozenset()

    @contextmanager
    def unless(self, etag: str) -> Iterator[None]:
        """Within, this thread asks only for what no longer has this ``etag``."""
        self.etag = etag
        try:
            yield
        finally:
            self.etag = ""

    @contextmanager
    def refusals(self, *statuses: int) -> Iterator[None]:
        """Within, these statuses are a valid answer to this thread's question.

        They are not tried again and do not count as failures of the PACS.
        """
        before = self._refusals
        self._refusals = before | set(statuses)
        try:
            yield
        finally:
            self._refusals = before

    def is_refusal(self, failure: Failure) -> bool:
        """Whether the failure is one of ``refusals``."""
        return failure.status in self._refusals

    @contextmanager
    def taking(self, take: Callable[[Row], Any]) -> Iterator[None]:
        """Within, this thread's answers hold what ``take`` makes of each object."""
        self.take = take
        try:
            yield
        finally:
            self.take = whole

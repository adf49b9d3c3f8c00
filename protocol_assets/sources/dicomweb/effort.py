"""What a session has cost the PACS."""

from __future__ import annotations

import threading
from dataclasses import dataclass

__all__ = ["Effort", "EffortCounter"]


@dataclass(frozen=True)
class Effort:
    """What a session has cost the PACS.

    Attributes:
        requests: Requests sent, including retries.
        retries: Retries among them.
        received: Bytes of answers over the wire.
    """

    requests: int = 0
    retries: int = 0
    received: int = 0


class EffortCounter:
    """Adds up the requests of all threads of a session."""

    def __init__(self) -> None:
        self._total, self._lock = Effort(), threading.Lock()

    @property
    def total(self) -> Effort:
        """The requests so far."""
        return self._total

    def add(self, *, is_retry: bool, received: int) -> None:
        """Count one request.

        Args:
            is_retry: Whether it repeats an earlier one.
            received: Bytes of its answer.
        """
        with self._lock:
            before = self._total
            self._total = Effort(
                before.requests + 1, before.retries + is_retry, before.received + received
            )

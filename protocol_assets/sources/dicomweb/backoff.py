"""How long to wait before a request is tried again: what the server asks for, else full jitter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from protocol_assets.sources.dicomweb.answers import Failure, asked_wait

__all__ = ["Backoff"]

_FIRST_S: Final = 0.5
_LONGEST_S: Final = 30.0


@dataclass(frozen=True)
class Backoff:
    """Waits between tries.

    Attributes:
        max_wait_s: Longest wait that a server may ask for.
        uniform: A random number between two bounds.
        now: The time of day, for a Retry-After that is a date.
    """

    max_wait_s: float
    uniform: Callable[[float, float], float]
    now: Callable[[], datetime]

    def wait_s(self, failure: Failure, attempt: int) -> float:
        """Seconds until the next try.

        Args:
            failure: What the last try came to.
            attempt: Tries so far.
        """
        requested = self.requested_s(failure)
        if requested:
            return requested
        return self.uniform(0.0, min(_LONGEST_S, _FIRST_S * 2 ** (attempt - 1)))

    def requested_s(self, failure: Failure) -> float | None:
        """Seconds that the server asked for, at most ``max_wait_s``; None if it asked for none."""
        requested = asked_wait(failure.retry_after, self.now())
        return None if requested is None else min(requested, self.max_wait_s)

"""Why something could not be delivered: a class and our own words, never those of a server."""

from __future__ import annotations

from protocol_assets.faults import Fault

__all__ = ["DeliveryError"]


class DeliveryError(Fault):
    """A delivery that failed, in one line that says what to do.

    A server's answer is not quoted: it may name a mailbox, a host or a token.

    Attributes:
        kind: Class of the error, one or two words.
        is_passing: Whether it may well work in a minute.
        is_unknown: Whether the message was handed over in full, and nobody said what became of it.
    """

    def __init__(
        self, kind: str, text: str, *, is_passing: bool = False, is_unknown: bool = False
    ) -> None:
        super().__init__(text)
        self.kind, self.is_passing, self.is_unknown = kind, is_passing, is_unknown

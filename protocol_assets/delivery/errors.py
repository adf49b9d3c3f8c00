"""Why something could not be delivered: a class and our own words, never those of a server."""

from __future__ import annotations

import ssl
from pathlib import Path

from protocol_assets.faults import Fault, explain_os_error

__all__ = ["DeliveryError", "trusting"]


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


def trusting(ca_file: Path | None, whose: str) -> ssl.SSLContext:
    """A TLS context that trusts the authorities of a file, or of the machine without one.

    Args:
        ca_file: A file of certificates, PEM.
        whose: Named in the error.

    Raises:
        DeliveryError: The file cannot be used; the text says why.
    """
    why = ""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        why = "it holds no certificate"
    except OSError as error:
        why = explain_os_error(error).partition(";")[0]
    raise DeliveryError("ca_file", f"{whose}'s ca_file cannot be read ({why}); give a PEM file")

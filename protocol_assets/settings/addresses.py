"""Parse mail addresses as people write them."""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import Final

__all__ = ["mailbox"]

_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)
_NAMED: Final = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_LONGEST_ADDRESS: Final = 254


def mailbox(text: str) -> Address:
    """Parse one address, with or without a name: ``MR protocols <mr@hospital.example>``.

    The address itself is ASCII, so that servers without SMTPUTF8 (RFC 6531) accept it. The name may
    be in any script.

    Raises:
        ValueError: The text is not exactly one address.
    """
    if not text.isprintable():
        raise ValueError("must be one line without control characters")
    named = _NAMED.fullmatch(text.strip())
    name, address = (named["name"], named["address"]) if named else ("", text.strip())
    if not address.isascii():
        raise ValueError(
            "write the address in ASCII, with the domain in its xn-- form, because not every "
            "server accepts other characters"
        )
    if not _ADDRESS.fullmatch(address) or len(address) > _LONGEST_ADDRESS:
        raise ValueError("write one address, such as MR protocols <mr@hospital.example>")
    return Address(display_name=name.strip().strip('"').strip(), addr_spec=address)

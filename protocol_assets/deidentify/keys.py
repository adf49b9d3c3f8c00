"""Keyed pseudonyms: HMAC-SHA-256, a subkey per domain, the secret from the environment only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from protocol_assets.faults import Fault

__all__ = ["DEMO_KEY", "DOMAINS", "KEY_VARIABLE", "KeyRefusedError", "Pseudonyms"]

KEY_VARIABLE: Final = "PROTOCOL_ASSETS_KEY"
DEMO_KEY: Final = "cHJvdG9jb2wtYXNzZXRzIGRlbW8ga2V5LCBub3QgYSBzZWNyZXQ="
DOMAINS: Final = ("patient", "study", "series", "exam", "acquisition", "device", "label", "listing")
LENGTH: Final = 26

_CREATE = "create one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"


class KeyRefusedError(Fault):
    """The pseudonym key is missing, too weak, or the demo's."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Turns identifiers into pseudonyms.

    The same value in two domains gives unrelated pseudonyms; a new secret changes every one.
    """

    _subkeys: Mapping[str, bytes] = field(repr=False)
    key_id: str

    @classmethod
    def from_secret(cls, secret: str | None, *, demo: bool) -> Pseudonyms:
        """Pseudonyms of the secret in the environment.

        Args:
            secret: Text of ``PROTOCOL_ASSETS_KEY``: hex or base64 of 32 random bytes or more.
            demo: Whether the demo's key is accepted (a demo's home, every PACS on loopback).

        Raises:
            KeyRefusedError: With one line that says what to do; never with the secret.
        """
        if not secret or not secret.strip():
            raise KeyRefusedError(f"{KEY_VARIABLE} is not set; {_CREATE}")
        key = _decode(secret.strip())
        if key is None:
            raise KeyRefusedError(f"{KEY_VARIABLE} is neither hex nor base64; {_CREATE}")
        if len(key) < 32:
            raise KeyRefusedError(f"{KEY_VARIABLE} has {len(key)} bytes, 32 are needed; {_CREATE}")
        if len(set(key)) < 8:
            raise KeyRefusedError(f"{KEY_VARIABLE} is not random; {_CREATE}")
        if secret.strip() == DEMO_KEY and not demo:
            raise KeyRefusedError(f"{KEY_VARIABLE} holds the demo's key; {_CREATE}")
        subkeys = {
            domain: hmac.digest(key, f"protocol-assets/{domain}".encode(), hashlib.sha256)
            for domain in (*DOMAINS, "key_id")
        }
        return cls(subkeys, _base32(subkeys["key_id"])[:8])

    def of(self, domain: str, value: str) -> str:
        """The pseudonym of one value: 26 characters of base32 (130 bits)."""
        return _base32(hmac.digest(self._subkeys[domain], value.encode(), "sha256"))[:LENGTH]

    def column(self, domain: str, values: Iterable[object]) -> list[str | None]:
        """Pseudonyms of a column of texts; None, empty and what is no text give None."""
        known: dict[str, str] = {}
        result: list[str | None] = []
        for value in values:
            if not isinstance(value, str) or not value:
                result.append(None)
                continue
            if value not in known:
                known[value] = self.of(domain, value)
            result.append(known[value])
        return result


def _decode(secret: str) -> bytes | None:
    try:
        return bytes.fromhex(secret)
    except ValueError:
        pass
    try:
        return base64.b64decode(secret, validate=True)
    except (ValueError, binascii.Error):
        return None


def _base32(digest: bytes) -> str:
    return base64.b32encode(digest).decode("ascii").rstrip("=")

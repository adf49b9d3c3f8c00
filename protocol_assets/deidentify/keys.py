"""Keyed pseudonyms: HMAC-SHA-256, a subkey per domain, the secret from the environment only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from protocol_assets.faults import Fault

__all__ = [
    "DEMO_KEY",
    "DOMAINS",
    "KEY_VARIABLE",
    "PATIENT_DOMAINS",
    "PATIENT_KEY_VARIABLE",
    "KeyRefusedError",
    "Pseudonyms",
]

KEY_VARIABLE: Final = "PROTOCOL_ASSETS_KEY"
PATIENT_KEY_VARIABLE: Final = "PROTOCOL_ASSETS_PATIENT_KEY"
DEMO_KEY: Final = "cHJvdG9jb2wtYXNzZXRzIGRlbW8ga2V5LCBub3QgYSBzZWNyZXQ="
PATIENT_DOMAINS: Final = ("patient", "study", "series", "exam", "acquisition")
"""Pseudonyms that lead to a person; a patient key of its own rotates them alone."""
DOMAINS: Final = (*PATIENT_DOMAINS, "device", "label", "listing")
LENGTH: Final = 26
_ENCODED: Final = 20  # bytes, four whole groups of base32: more would be encoded and cut off

_CREATE = "create one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"


class KeyRefusedError(Fault):
    """The pseudonym key is missing, too weak, or the demo's."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Turns identifiers into pseudonyms.

    The same value in two domains gives unrelated pseudonyms; a new secret changes every one.

    Attributes:
        key_id: Tells the secrets apart, and tells nothing of them.
    """

    _subkeys: Mapping[str, bytes] = field(repr=False)
    key_id: str
    _kept: Mapping[tuple[str, str], str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_secret(
        cls, secret: str | None, *, demo: bool, patient_secret: str | None = None
    ) -> Pseudonyms:
        """Pseudonyms of the secrets in the environment.

        Args:
            secret: Text of ``PROTOCOL_ASSETS_KEY``: hex or base64 of 32 random bytes or more.
            demo: Whether the demo's key is accepted (a demo's home, every PACS on loopback).
            patient_secret: Text of ``PROTOCOL_ASSETS_PATIENT_KEY``, where patients, studies and
                what belongs to them are keyed apart from devices and labels, so that a new one
                breaks no trend.

        Raises:
            KeyRefusedError: With one line that says what to do; never with the secret.
        """
        subkeys = _subkeys(_checked(KEY_VARIABLE, secret, demo=demo))
        key_id = _base32(subkeys["key_id"])[:8]
        if patient_secret:
            own = _subkeys(_checked(PATIENT_KEY_VARIABLE, patient_secret, demo=demo))
            if own == subkeys:
                raise KeyRefusedError(
                    f"{PATIENT_KEY_VARIABLE} is the same as {KEY_VARIABLE}; {_CREATE}"
                )
            subkeys |= {domain: own[domain] for domain in PATIENT_DOMAINS}
            key_id += "-" + _base32(own["key_id"])[:8]
        return cls(subkeys, key_id)

    def keeping(self, kept: Mapping[tuple[str, str], str]) -> Pseudonyms:
        """The same, with pseudonyms that were made while the identifiers were still there.

        Args:
            kept: Domain and what stands in the identifier's place, to the pseudonym.
        """
        return replace(self, _kept=kept)

    def of(self, domain: str, value: str) -> str:
        """The pseudonym of one value: 26 characters of base32 (130 bits)."""
        content = value.encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._subkeys[domain], content, "sha256")
        return _base32(digest[:_ENCODED])[:LENGTH]

    def column(self, domain: str, values: Iterable[object]) -> list[str | None]:
        """Pseudonyms of a column of texts; None, empty and what is no text give None."""
        known: dict[str, str] = {}
        result: list[str | None] = []
        for value in values:
            if not isinstance(value, str) or not value:
                result.append(None)
                continue
            if value not in known:
                known[value] = self._kept.get((domain, value)) or self.of(domain, value)
            result.append(known[value])
        return result


def _checked(variable: str, secret: str | None, *, demo: bool) -> bytes:
    """The bytes of a secret, where it is one."""
    if not secret or not secret.strip():
        raise KeyRefusedError(f"{variable} is not set; {_CREATE}")
    key = _decode(secret.strip())
    if key is None:
        raise KeyRefusedError(f"{variable} is neither hex nor base64; {_CREATE}")
    if len(key) < 32:
        raise KeyRefusedError(f"{variable} has {len(key)} bytes, 32 are needed; {_CREATE}")
    if len(set(key)) < 8:
        raise KeyRefusedError(f"{variable} is not random; {_CREATE}")
    if key == _decode(DEMO_KEY) and not demo:
        raise KeyRefusedError(f"{variable} holds the demo's key; {_CREATE}")
    return key


def _subkeys(key: bytes) -> dict[str, bytes]:
    return {
        domain: hmac.digest(key, f"protocol-assets/{domain}".encode(), hashlib.sha256)
        for domain in (*DOMAINS, "key_id")
    }


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

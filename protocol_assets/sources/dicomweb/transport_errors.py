"""Which of our kinds an error of the libraries below us is, and why, without a URL.

The libraries' own texts hold URLs and with them UIDs; only the words of the operating system and
OpenSSL's reason are kept, which name neither a host nor a patient.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Final

import requests
import urllib3

from protocol_assets.faults import Fault
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.errors import Kind

__all__ = ["UnusableFileError", "transport_kind", "unusable_certificates"]

# OpenSSL's codes of a failed verification (X509_V_ERR_*, openssl/x509_vfy.h).
_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_HOST: Final = (62, 64)
_SELF_SIGNED: Final = (18, 19)
_UNKNOWN_ISSUER: Final = (2, 20, 21)

# OpenSSL's reasons for a first answer that is no TLS record.
_NO_TLS: Final = frozenset(
    {
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
        "PACKET_LENGTH_TOO_LONG",
        "HTTP_REQUEST",
        "UNKNOWN_PROTOCOL",
        "BAD_RECORD_TYPE",
    }
)


class UnusableFileError(Fault, ValueError):
    """A file of certificates that the configuration names cannot be used."""


def transport_kind(error: Exception) -> tuple[Kind, None, str | None]:
    """Kind, no status and detail of an error that is no HTTP answer."""
    causes = list(_causes(error))
    tls = next((one for one in causes if isinstance(one, ssl.SSLError)), None)
    if tls is not None or any(isinstance(one, requests.exceptions.SSLError) for one in causes):
        return _tls_kind(tls)
    if any(
        isinstance(one, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError)
        and not isinstance(one, urllib3.exceptions.NewConnectionError)
        for one in causes
    ):
        return "timeout", None, None
    reason = next(filter(None, map(_words_of_the_system, causes)), None)
    if any(isinstance(one, urllib3.exceptions.NewConnectionError) for one in causes):
        return "unreachable", None, reason
    if isinstance(error, requests.ConnectionError):
        never_there = isinstance(next(iter(error.args), None), urllib3.exceptions.MaxRetryError)
        return ("unreachable" if never_there else "interrupted"), None, reason
    if isinstance(error, requests.RequestException):
        return "unexpected", None, type(error).__name__
    return "interrupted", None, reason


def unusable_certificates(endpoint: Endpoint) -> str:
    """Why the files of certificates cannot be used, in words; empty if they can."""
    if endpoint.ca_file is not None:
        try:
            ssl.create_default_context(cafile=str(endpoint.ca_file))
        except (ssl.SSLError, OSError) as error:
            return f"ca_file cannot be used ({_reason(error)}); name a readable PEM file"
    if endpoint.client_cert_file is not None:
        key = endpoint.client_key_file
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
                str(endpoint.client_cert_file), None if key is None else str(key), password=""
            )
        except (ssl.SSLError, OSError, ValueError) as error:
            return (
                f"client_cert_file and its key cannot be used ({_reason(error)}); name readable "
                "PEM files of a certificate and its own key, without a passphrase"
            )
    return ""


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "no PEM file"
    return getattr(error, "strerror", None) or type(error).__name__


def _tls_kind(error: ssl.SSLError | None) -> tuple[Kind, None, str | None]:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_kind(error.verify_code)
    if error is None:
        return "tls", None, None
    if error.reason in _NO_TLS:
        return "plain_http", None, None
    return "handshake", None, error.reason


def _certificate_kind(code: int) -> tuple[Kind, None, str | None]:
    """What is wrong with a certificate, by OpenSSL's code."""
    if code == _EXPIRED:
        return "expired", None, "it has expired"
    if code == _NOT_YET_VALID:
        return "expired", None, "it is not valid yet"
    if code in _WRONG_HOST:
        return "tls", None, "it was issued for another host"
    if code in (*_SELF_SIGNED, *_UNKNOWN_ISSUER):
        return "tls", None, "its issuer is not known here"
    return "tls", None, None


def _words_of_the_system(error: BaseException) -> str | None:
    """Such as "Connection refused"; the libraries' own subclasses may hold a URL."""
    is_of_system = isinstance(error, OSError) and not isinstance(error, requests.RequestException)
    return error.strerror if is_of_system and isinstance(error, OSError) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised of: causes, contexts, and errors among the arguments."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None)]
        waiting += [member for member in one.args if isinstance(member, BaseException)]
        waiting = [member for member in waiting if isinstance(member, BaseException | None)]

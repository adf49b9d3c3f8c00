"""Errors in the exchange with a PACS, in words that may be logged."""

from __future__ import annotations

from typing import Final, Literal, get_args

from protocol_assets.faults import Fault

__all__ = ["KINDS", "Kind", "PacsError", "describe_kind"]

Kind = Literal[
    "unreachable",
    "timeout",
    "interrupted",
    "tls",
    "expired",
    "handshake",
    "plain_http",
    "redirect",
    "unauthorized",
    "forbidden",
    "not_found",
    "gone",
    "busy",
    "bad_status",
    "too_large",
    "not_json",
    "not_dicom",
    "capped",
    "unstable",
    "shrunk",
    "incomplete",
    "other_study",
    "not_online",
    "held",
    "waiting",
    "unexpected",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_WORDS: Final[dict[Kind, tuple[str, str]]] = {
    "unreachable": (
        "could not be reached",
        "check url, network and firewall, and that the DICOMweb service runs",
    ),
    "timeout": (
        "did not answer in time",
        "ask its administrator about its load, or raise request_timeout_s or deadline_s",
    ),
    "interrupted": (
        "broke off in the middle of an answer",
        "check the network and any proxy between; the next run tries again",
    ),
    "tls": (
        "showed a certificate that could not be verified",
        (
            "name the hospital's CA certificate in ca_file, and in url the host that the "
            "certificate was issued for; verification cannot be switched off"
        ),
    ),
    "expired": (
        "showed a certificate that has expired or is not valid yet",
        (
            "ask its administrator to renew the certificate; if it is in date, set the clock of "
            "this machine"
        ),
    ),
    "handshake": (
        "did not agree on a TLS connection",
        (
            "check that url names its HTTPS port; ask its administrator which TLS it speaks "
            "and whether it wants a client certificate (client_cert_file)"
        ),
    ),
    "plain_http": (
        "speaks plain HTTP on the port that url calls https",
        (
            "name its HTTPS port in url, or ask its administrator for TLS; plain http is allowed "
            "only to this machine, for example to a TLS proxy on it"
        ),
    ),
    "redirect": (
        "answered with a redirect, which is never followed",
        "configure the final DICOMweb url; a redirect is often a login page",
    ),
    "unauthorized": (
        "refused the credentials",
        "check the variables named by username_env and password_env, token_env, or oauth_client_*",
    ),
    "forbidden": (
        "does not allow this account to read",
        "ask its administrator for QIDO-RS and WADO-RS read permission",
    ),
    "not_found": (
        "does not know this address",
        (
            "check the path of url; the DICOMweb root often ends in /dicom-web or /rs, and "
            "protocol-assets probe looks for it"
        ),
    ),
    "gone": (
        "no longer holds a study that it listed",
        "nothing to do if it was deleted; the next listing will show it",
    ),
    "busy": (
        "is busy and asked to come back later",
        "lower workers, or run at night; the next run tries again",
    ),
    "bad_status": (
        "answered with an unusable HTTP status",
        "look at its log at this moment, or run protocol-assets probe",
    ),
    "too_large": (
        "sent more than the limit for one answer",
        "raise max_body_mb if its answers are really that large",
    ),
    "not_json": (
        "answered with something that is not DICOM JSON",
        "check that url is the DICOMweb root and not a login page",
    ),
    "not_dicom": (
        "answered with JSON that is not an array of DICOM objects",
        "check that url is the DICOMweb root; run protocol-assets probe",
    ),
    "capped": (
        "hides studies behind a limit on results, so the day cannot be listed whole",
        "raise its limit on query results (Orthanc: LimitFindResults), then run the day again",
    ),
    "unstable": (
        "lists the studies of this day in an order that changes, so the list is incomplete",
        (
            "raise page_size so that a day fits on one page, or ask its administrator for a "
            "stable order of results; then run the day again"
        ),
    ),
    "shrunk": (
        "listed fewer than half of the stored studies of this day, so nothing was deleted",
        "run the day again to confirm, or check the account's permissions",
    ),
    "incomplete": (
        "gives fewer instances of a study than it counts",
        (
            "run the day again later; if it stays so, ask its administrator to rebuild the study's "
            "index"
        ),
    ),
    "other_study": (
        "gives instances of another study under the UID that it lists",
        (
            "ask its administrator: the study was merged, or a proxy rewrites UIDs; the index "
            "and the stored objects must agree"
        ),
    ),
    "not_online": (
        "has archived a study offline, and it is not restored",
        "nothing to do; wake_nearline = true retrieves such studies",
    ),
    "held": (
        "is not asked now",
        "wait, or run protocol-assets resume NAME to end a pause or a wait",
    ),
    "waiting": (
        "asked for no requests about a study for a while",
        (
            "the next run after that tries again; protocol-assets materialize or resume NAME ends "
            "the wait"
        ),
    ),
    "unexpected": (
        "caused an unforeseen error in the client",
        "run protocol-assets probe and report the error's class",
    ),
}


class PacsError(Fault):
    """A failed exchange with a PACS.

    Its text is one line: the configured name, what happened, what to do. It never holds a URL, a
    UID or any part of an answer.

    Attributes:
        pacs: The configured name.
        kind: Short term to branch on.
        status: HTTP status; None if there was none.
        detail: More about what happened, free of identifiers.
        advice: What to do.
        is_put_off: Whether the PACS asked for a wait before the next request about this study.
    """

    def __init__(
        self,
        pacs: str,
        kind: Kind,
        status: int | None = None,
        detail: str | None = None,
        *,
        is_put_off: bool = False,
    ) -> None:
        super().__init__(pacs, kind, status, detail)
        self.pacs = pacs
        self.kind = kind
        self.status = status
        self.detail = detail
        self.advice = _WORDS[kind][1]
        self.is_put_off = is_put_off

    def __str__(self) -> str:
        facts = [fact for fact in (self.status and f"HTTP {self.status}", self.detail) if fact]
        more = f" ({', '.join(facts)})" if facts else ""
        return f"PACS {self.pacs} {_WORDS[self.kind][0]}{more}: {self.advice}."


def describe_kind(kind: str) -> str:
    """What a PACS did, in words that follow its name; the kind itself if it has no words."""
    words = {str(one): text for one, (text, _) in _WORDS.items()}
    return words.get(kind, kind)

"""How one PACS is reached: the validated settings of a DICOMweb endpoint."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from protocol_assets.sources.dicomweb.profile import SiteProfile
from protocol_assets.sources.rate_limit.pacing import RateLimits

__all__ = ["ClientGrant", "Endpoint", "is_on_loopback"]

_NAME = re.compile(r"[a-z0-9_-]+")
_MODALITY = re.compile(r"[A-Z0-9_]{1,16}")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_PAGE_SIZE = 100


@dataclass(frozen=True)
class ClientGrant:
    """OAuth2 client credentials (RFC 6749 section 4.4).

    Attributes:
        token_url: The token endpoint; HTTPS unless on loopback.
        client_id: Who asks.
        client_secret: Never shown.
        scope: Space-separated, empty for none.
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""


@dataclass(frozen=True)
class Endpoint:
    """One PACS.

    Attributes:
        name: What logs and errors call it.
        url: The DICOMweb root, QIDO-RS and WADO-RS below it; HTTPS unless on loopback. A trailing
            slash is dropped.
        modalities: A study is wanted that holds one of these (0008,0061).
        username: For HTTP Basic, together with ``password``.
        password: Never shown.
        token: Bearer token, instead of username and password. Never shown.
        read_token: Reads the token anew when it is refused.
        oauth: Client credentials, instead of the others.
        ca_file: PEM file of the authorities to trust in place of the public ones.
        client_cert_file: PEM file of the certificate that the PACS asks of its clients.
        client_key_file: PEM file of its key, if the key has a file of its own.
        workers: Most requests at the same time.
        page_size: QIDO-RS ``limit``; by default the profile's.
        request_timeout_s: Longest silence, in connecting and between two reads.
        deadline_s: Longest one request may take, tries and waits included.
        max_body_mb: Largest answer, decompressed.
        rate_limits: How it wants to be asked.
        profile: What it can do.

    Raises:
        ValueError: A setting is unusable; the text says which and what to do.
    """

    name: str
    url: str
    modalities: tuple[str, ...] = ("MR",)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    read_token: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    oauth: ClientGrant | None = None
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    workers: int = 2
    page_size: int | None = None
    request_timeout_s: float = 60.0
    deadline_s: float = 300.0
    max_body_mb: float = 64.0
    rate_limits: RateLimits = field(default_factory=RateLimits)
    profile: SiteProfile = field(default_factory=SiteProfile)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("pacs name: use only a-z, 0-9, _ and -, for it becomes a folder name")
        object.__setattr__(self, "url", self.url.rstrip("/"))
        self._check_url(self.url, "url")
        if self.oauth is not None:
            self._check_url(self.oauth.token_url, "oauth_token_url")
        self._check_credentials()
        self._check_limits()
        if not self.modalities or not all(_MODALITY.fullmatch(term) for term in self.modalities):
            self._refuse('modalities must be DICOM terms such as ["MR"]')

    def _refuse(self, what: str) -> None:
        raise ValueError(f"pacs {self.name}: {what}")

    @property
    def rows_a_page(self) -> int:
        """The ``limit`` to ask with."""
        if self.page_size is not None:
            return self.page_size
        return self.profile.page_size or _PAGE_SIZE

    def _check_url(self, url: str, what: str) -> None:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            parts, host = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not host or re.search(r"\s", url):
            self._refuse(f"{what} must be like https://pacs.hospital.example/dicom-web")
        if "@" in parts.netloc:
            self._refuse(f"take the credentials out of {what}; use username_env and password_env")
        if parts.query or parts.fragment:
            self._refuse(f"{what} must end with its path, without ? or #")
        if parts.scheme == "http" and not _is_loopback(host or ""):
            self._refuse(f"{what} must begin with https://; plain http is for this machine alone")

    def _check_credentials(self) -> None:
        if (self.username is None) != (self.password is None):
            self._refuse("set username_env and password_env together")
        if sum(one is not None for one in (self.username, self.token, self.oauth)) > 1:
            self._refuse(
                "username_env, token_env and oauth_token_url exclude each other, set not both"
            )
        if self.client_key_file is not None and self.client_cert_file is None:
            self._refuse("client_key_file needs client_cert_file")
        if self.username is not None and ":" in self.username:
            self._refuse("HTTP Basic allows no colon in the user name")
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            self._refuse("the token must be printable ASCII without spaces; is there a line end?")

    def _check_limits(self) -> None:
        if not 1 <= self.workers <= 4:
            self._refuse("workers must be 1 to 4: a PACS serves patients first")
        if not 1 <= self.rows_a_page <= 5000:
            self._refuse("page_size must be 1 to 5000")
        for name in ("request_timeout_s", "deadline_s", "max_body_mb"):
            if not 0 < getattr(self, name) < float("inf"):
                self._refuse(f"{name} must be greater than 0")


def is_on_loopback(url: str) -> bool:
    """Whether a URL points to this machine; false if it is no URL."""
    try:
        return _is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

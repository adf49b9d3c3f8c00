"""How one PACS is reached: the validated settings of a DICOMweb endpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["Endpoint", "is_on_loopback"]

_NAME = re.compile(r"[a-z0-9_-]+")
_MODALITY = re.compile(r"[A-Z0-9_]{1,16}")
_TOKEN = re.compile(r"[\x21-\x7e]+")


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
        ca_file: PEM file of the authorities to trust in place of the public ones.
        workers: Most requests at the same time.
        page_size: QIDO-RS ``limit``.
        request_timeout_s: Longest silence, in connecting and between two reads.
        deadline_s: Longest one request may take, tries and waits included.
        max_body_mb: Largest answer, decompressed.

    Raises:
        ValueError: A setting is unusable; the text says which and what to do.
    """

    name: str
    url: str
    modalities: tuple[str, ...] = ("MR",)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    workers: int = 2
    page_size: int = 100
    request_timeout_s: float = 60.0
    deadline_s: float = 300.0
    max_body_mb: float = 64.0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("pacs name: use only a-z, 0-9, _ and -, for it becomes a folder name")
        object.__setattr__(self, "url", self.url.rstrip("/"))
        self._check_url()
        self._check_credentials()
        self._check_limits()
        if not self.modalities or not all(_MODALITY.fullmatch(term) for term in self.modalities):
            self._refuse('modalities must be DICOM terms such as ["MR"]')

    def _refuse(self, what: str) -> None:
        raise ValueError(f"pacs {self.name}: {what}")

    def _check_url(self) -> None:
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            parts, host = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not host or re.search(r"\s", self.url):
            self._refuse("url must be like https://pacs.hospital.example/dicom-web")
        if "@" in parts.netloc:
            self._refuse("take the credentials out of url; use username_env and password_env")
        if parts.query or parts.fragment:
            self._refuse("url must end with its path, without ? or #")
        if parts.scheme == "http" and not _is_loopback(host or ""):
            self._refuse("url must begin with https://; plain http is for this machine alone")

    def _check_credentials(self) -> None:
        if (self.username is None) != (self.password is None):
            self._refuse("set username_env and password_env together")
        if self.username is not None and self.token is not None:
            self._refuse("set either token_env or username_env and password_env, not both")
        if self.username is not None and ":" in self.username:
            self._refuse("HTTP Basic allows no colon in the user name")
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            self._refuse("the token must be printable ASCII without spaces; is there a line end?")

    def _check_limits(self) -> None:
        if not 1 <= self.workers <= 4:
            self._refuse("workers must be 1 to 4: a PACS serves patients first")
        if not 1 <= self.page_size <= 5000:
            self._refuse("page_size must be 1 to 5000")
        for name in ("request_timeout_s", "deadline_s", "max_body_mb"):
            if not 0 < getattr(self, name) < float("inf"):
                self._refuse(f"{name} must be greater than 0")


def is_on_loopback(url: str) -> bool:
    """Whether a URL points to this machine; false where it is no URL."""
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

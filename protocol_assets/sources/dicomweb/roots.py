"""Where a DICOMweb service answers, when the configured URL lacks a path or has a wrong one."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from protocol_assets.sources.dicomweb.client import PacsClient

__all__ = ["find_root"]

_ROOTS: Final = (
    "/dicom-web",
    "/dicomweb",
    "/rs",
    "/wado-rs",
    "/api/dicom-web",
    "/dcm4chee-arc/aets/DCM4CHEE/rs",
)
"""Where products have their DICOMweb root, below the host or an application's path."""


def find_root(client: PacsClient) -> str:
    """A sentence that names the path to configure; empty if none of the usual ones answers."""
    url = urlsplit(client.endpoint.url)
    host = f"{url.scheme}://{url.netloc}"
    for base, where in {url.path: "url", "": "the host of url"}.items():
        for path in _ROOTS:
            is_other = f"{base}{path}" != url.path
            if is_other and client.answers_at(f"{host}{base}{path}"):
                return f"It answers at {path} below {where}: let url end with it."
    return ""

"""Certificates made for a test, with openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["Authority"]

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*arguments: str | Path) -> None:
    try:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("makes its certificates with openssl")


@dataclass(frozen=True)
class Authority:
    """A certificate authority in a folder of its own."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def make(self) -> Authority:
        self.folder.mkdir()
        openssl("req", "-x509", *CURVE, "-days", "2", "-subj", "/CN=authority",
                "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign",
                "-keyout", self.folder / "ca.key", "-out", self.certificate)  # fmt: skip
        return self

    def issue(self, name: str, *, host: str = "IP:127.0.0.1") -> tuple[Path, Path]:
        """A certificate and its key."""
        key, request, out = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={host}\nauthorityKeyIdentifier=keyid\n")
        openssl("req", *CURVE, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey",
                self.folder / "ca.key", "-CAcreateserial", "-extfile", extensions,
                "-days", "1", "-out", out)  # fmt: skip
        return out, key

"""The addresses under which a browser may use the web server: scheme, name and port."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from protocol_assets.faults import Fault

__all__ = ["Origins"]

_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Origins:
    """The allowed origins; their names and ports are the only allowed hosts.

    Args:
        allowed: Origins as a browser writes them, such as ``https://protocol-assets.example.org``.

    Raises:
        Fault: One of them is not an origin, or none is given.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self._by_host: dict[str, set[str]] = {}
        for one in allowed:
            scheme, name, port = _parse_origin(one)
            standard = _DEFAULT_PORTS[scheme]
            explicit = f"{name}:{port}"
            hosts = {explicit, name} if port == standard else {explicit}
            # Browsers omit the port from an origin if it is the default of the scheme.
            origin = f"{scheme}://{name if port == standard else explicit}"
            for host in hosts:
                self._by_host.setdefault(host, set()).add(origin)
        if not self._by_host:
            raise Fault("no origin is allowed; give the address of the web server with --origin")

    def __str__(self) -> str:
        return " ".join(sorted({one for found in self._by_host.values() for one in found}))

    @staticmethod
    def loopback(port: int) -> list[str]:
        """Return the loopback addresses of this machine with the port of the server."""
        return [f"http://{name}:{port}" for name in _LOOPBACK]

    def is_host_allowed(self, host: str) -> bool:
        """Return whether requests to this Host are allowed; this stops DNS rebinding."""
        return host.lower() in self._by_host

    def is_own(self, origin: str, host: str) -> bool:
        """Return whether a page of this Origin belongs to this Host; ``null`` never does."""
        return origin.lower() in self._by_host.get(host.lower(), ())


def _parse_origin(text: str) -> tuple[str, str, int]:
    """Split an origin into scheme, name (lower case, with brackets) and port."""
    fault = Fault(
        f"{text!r} is not an origin; write the scheme, the name, and the port if it is not the "
        "default one, such as https://protocol-assets.example.org"
    )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise fault from None
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    written = f"{host}:{port}" if port is not None else host
    plain = text.lower() == f"{parts.scheme}://{written}"
    if parts.scheme not in _DEFAULT_PORTS or not name or not plain or "*" in name:
        raise fault
    return parts.scheme, host, port if port is not None else _DEFAULT_PORTS[parts.scheme]

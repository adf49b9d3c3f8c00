"""The demo's PACS, in a process of its own as a PACS is on a machine of its own."""

from __future__ import annotations

import multiprocessing
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Final

from protocol_assets_simulator import Fleet, SimulatedPacs

__all__ = ["Served", "served"]

_SPAWN: Final = multiprocessing.get_context("spawn")
_PORT: Final = 8971


@dataclass(slots=True)
class Served:
    """The PACS that are served.

    Attributes:
        urls: The DICOMweb root of each site by its name.
        cpu_s: Seconds of CPU that serving took; set when it has ended.
    """

    urls: dict[str, str] = field(default_factory=dict)
    cpu_s: float = 0.0


@contextmanager
def served(fleet: Fleet) -> Iterator[Served]:
    """Serve a fleet on loopback while the context is open."""
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(fleet, _free(_PORT), there), daemon=True)
    process.start()
    there.close()
    try:
        pacs = Served(here.recv())
        yield pacs
        here.send("end")
        pacs.cpu_s = here.recv()
    finally:
        process.terminate()
        process.join()
        here.close()


def _serve(fleet: Fleet, port: int, pipe: Connection) -> None:
    # The demo's own process ends this one; Ctrl-C in a terminal reaches both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with SimulatedPacs(fleet, port=port) as pacs:
        pipe.send({site: pacs.url(site) for site in fleet.sites})
        pipe.recv()
    pipe.send(time.process_time())


def _free(port: int) -> int:
    """Return the port, or 0 for any free port if another program uses it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port

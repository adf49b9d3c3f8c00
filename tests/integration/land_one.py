"""Lands one partition in a process of its own, so that a test can kill it.

``python -m tests.integration.land_one URL HOME DAY [CRASH]``; CRASH is ``study`` (the process dies
between a study's temporary file and its place) or ``manifest`` (before the manifest stands).
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
from pathlib import Path

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.faults import Fault
from protocol_assets.ingest.landing import land_partition
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.rate_limit.pacing import RateLimits
from protocol_assets.sources.rate_limit.store import SharedRateLimit

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)


def main(url: str, home: str, day: str, crash: str = "") -> None:
    """Land the day; a refusal is told on standard error with exit code 1."""
    lake, partition = Lake(Path(home)), Partition(dt.date.fromisoformat(day), "main")
    rate_limits = RateLimits(requests_per_second=1000)
    endpoint = Endpoint("main", url, rate_limits=rate_limits)
    rate_limit = SharedRateLimit(lake, "main", rate_limits, endpoint.workers)
    if crash:
        _die_before(".zst" if crash == "study" else "manifest.json")
    try:
        with PacsClient(endpoint, rate_limit=rate_limit) as client:
            land_partition(client, lake, partition, PSEUDONYMS)
    except Fault as fault:
        sys.exit(str(fault))


def _die_before(ending: str) -> None:
    replace = Path.replace

    def dying(self: Path, target: Path) -> Path:
        if str(target).endswith(ending):
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(self, target)

    Path.replace = dying  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    main(*sys.argv[1:])

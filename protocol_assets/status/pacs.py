"""The state of one PACS: the recorded results, or the result of a test request."""

from __future__ import annotations

import datetime as dt
import time
from typing import Final

from protocol_assets.app.deployment import Deployment
from protocol_assets.faults import Fault
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.probe import Finding
from protocol_assets.sources.errors import PacsError, describe_kind
from protocol_assets.sources.rate_limit.store import read_failure, read_load

__all__ = ["pacs_finding"]

_BUDGET_S: Final = 15.0


def pacs_finding(deployment: Deployment, name: str, today: dt.date, *, ask: bool) -> Finding:
    """Whether requests to a PACS are allowed, and how it answered last.

    The sensors send requests every 15 minutes, and their results are recorded, so a status needs no
    request. A test request is useful after a change of network or credentials.

    Args:
        deployment: The deployment.
        name: The PACS.
        today: In its time zone.
        ask: Send one test request for one row of yesterday, within hours, pauses and rate limit.
    """
    item = f"PACS {name}"
    try:
        endpoint = deployment.endpoint(name)
    except Fault as fault:
        return Finding(item, "fail", str(fault))
    if not deployment.lake.restricted.is_dir():
        return Finding(item, "ok", "not asked yet")
    rate_limit = deployment.rate_limit(name)
    if reason := rate_limit.hold():
        ends = f"protocol-assets resume {name} ends that"
        advice = "" if reason.startswith(("outside", "its hours")) else ends
        state = f"{name} is not asked now: {reason}"
        return Finding(item, "warn", "; ".join(filter(None, (state, advice))))
    waits = rate_limit.waits()
    if waits and not ask:
        count = "1 study waits" if len(waits) == 1 else f"{len(waits)} studies wait"
        state = (
            f"{count} because {name} asked for it, until {max(waits.values()):%H:%M} at the latest"
        )
        advice = f"protocol-assets resume {name} ends that"
        return Finding(item, "warn", f"{state}; all other requests continue; {advice}")
    if not ask:
        return _remembered(deployment, name, item)
    began = time.monotonic()
    try:
        with PacsClient(endpoint, rate_limit=rate_limit, tries=1, budget_s=_BUDGET_S) as client:
            day = f"{today - dt.timedelta(days=1):%Y%m%d}"
            client.search_studies({"StudyDate": day}, limit=1)
    except PacsError as error:
        return Finding(item, "fail", str(error))
    return Finding(item, "ok", f"answered in {time.monotonic() - began:.2f} s")


def _remembered(deployment: Deployment, name: str, item: str) -> Finding:
    load = read_load(deployment.lake, name)
    if not load:
        return Finding(
            item,
            "ok",
            "not asked yet; --ask sends a test request, protocol-assets probe measures more",
        )
    hour, latest = max(load.items())
    when = f"{hour.replace('T', ' ')} h"
    requests = "1 request" if latest.requests == 1 else f"{latest.requests} requests"
    asked = f"{requests} since {when}"
    if latest.failed and latest.failed == latest.requests:
        advice = f"protocol-assets probe {name} says why"
        kind = read_failure(deployment.lake, name)
        why = f": it {describe_kind(kind)}" if kind else ""
        return Finding(item, "fail", f"last asked: {asked}, all of them failed{why}; {advice}")
    return Finding(item, "ok", f"last asked: {asked}, {latest.failed} of them failed")

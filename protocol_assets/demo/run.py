"""The demo from the PACS to the last report."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

from protocol_assets.app.deployment import Deployment
from protocol_assets.demo.decisions import accept_opportunities, register_changes
from protocol_assets.demo.deployment import make_deployment, name_scanners, sign_targets
from protocol_assets.demo.fleets import YEAR_FLEET, first_change
from protocol_assets.demo.landing import landing
from protocol_assets.demo.results import say_headline, say_next, say_results
from protocol_assets.demo.served import served
from protocol_assets.demo.truth import Judgement, judge
from protocol_assets.faults import Fault
from protocol_assets.runner import PartitionOutcome, Runner
from protocol_assets.terminal import say
from protocol_assets_simulator import Fleet

__all__ = ["run_demo"]

_DAY = dt.timedelta(days=1)


def run_demo(folder: Path, tell: Any, fleet: Fleet = YEAR_FLEET) -> bool:
    """Run the demo into a folder and print its figures.

    Where protocols change in the fleet's period, a first report is made on the day before, and its
    opportunities are decided upon; the last report then verifies the changes.

    Args:
        folder: Folder of the configuration and the home.
        tell: Called with partition, studies done and studies listed.
        fleet: The simulated scanners and their days.

    Returns:
        Whether every partition landed.

    Raises:
        Fault: The warehouse or the report failed.
    """
    start = time.monotonic()
    change = first_change(fleet)
    outcomes: list[PartitionOutcome] = []
    known: Judgement | None = None
    with served(fleet) as pacs:
        deployment = make_deployment(folder, fleet, pacs.urls)
        with landing(deployment, tell) as days:
            first = fleet.start
            if change is not None and change > first:
                outcomes += days.land(first, change - _DAY)
                _report(deployment, fleet, as_of=change - _DAY)
                known = judge(deployment, fleet)
                accept_opportunities(deployment.lake)
                first = change
            outcomes += days.land(first, fleet.end)
        if known is not None:
            register_changes(deployment.lake, known.changes)
        _report(deployment, fleet)
    landed = sum(outcome.state == "landed" for outcome in outcomes)
    say(f"{landed} of {len(outcomes)} partitions landed")
    say_results(deployment)
    say_headline(deployment, known or judge(deployment, fleet), is_whole=fleet == YEAR_FLEET)
    say_next(deployment)
    took = dt.timedelta(seconds=round(time.monotonic() - start))
    say(f"It took {took}; the simulated PACS needed {pacs.cpu_s:.0f} s of CPU time meanwhile.")
    return landed == len(outcomes)


def _report(deployment: Deployment, fleet: Fleet, as_of: dt.date | None = None) -> None:
    name_scanners(deployment, fleet)
    sign_targets(fleet, deployment.lake)
    problem = Runner(deployment).report(as_of)
    if problem:
        raise Fault(f"warehouse and report: {problem}")

"""What the platform found of the demo, beside the truth of the simulated scanners."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from protocol_assets.analysis.frame import SERIES, prepared
from protocol_assets.app.deployment import Deployment
from protocol_assets.lake.analysis import read_mart, read_measured
from protocol_assets.modalities.mr.spec import MR
from protocol_assets_simulator import Fleet
from protocol_assets_simulator.comparison import (
    PLACE,
    judged,
    linked,
    places,
    potential_scores,
    read_truth,
)

__all__ = ["Judgement", "judge"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The opportunities of a report beside the truth.

    Attributes:
        protocols: Protocols of scanners in the fleet.
        true: Those of them with potential.
        true_scanners: The scanners of these.
        found: Those with potential that the platform found.
        found_scanners: The scanners of these.
        assessable: Protocols with enough data to be assessed.
        precision: Share of the found ones that are true; NaN if none was found.
        recall: Share of the true ones that were found, of those assessable; NaN if there are none.
        changed: Protocols of scanners that change in the fleet's period.
        changes: First day of the new setting by scanner protocol, where it changes. The platform
            may see several scanner protocols in one protocol of a scanner.
    """

    protocols: int
    true: int
    true_scanners: int
    found: int
    found_scanners: int
    assessable: int
    precision: float
    recall: float
    changed: int
    changes: dict[tuple[str, str], dt.date]


def judge(deployment: Deployment, fleet: Fleet) -> Judgement:
    """Compare the opportunities of the last report with the truth.

    Args:
        deployment: The demo's deployment.
        fleet: Its fleet.
    """
    acquisitions = read_measured(deployment.lake).acquisitions
    frame = prepared(acquisitions, MR.analysis)
    truth = read_truth(fleet, deployment.pseudonyms(), frame["study_date"].max().date())
    located = places(linked(acquisitions, frame, truth))
    assessed = pd.DataFrame(read_mart(deployment.lake, "opportunities"))
    rows = judged(
        assessed.rename(columns={"assessment_state": "assessment"}), located, truth.protocols
    )
    score = potential_scores(rows)
    true = rows[rows["kind"] == "potential"]
    found = true[(true["assessment"] == "assessable") & true["has_potential"].eq(True)]
    moved = located.merge(truth.protocols[truth.protocols["changed_on"].notna()], on=PLACE)
    return Judgement(
        protocols=len(rows),
        true=len(true),
        true_scanners=true["station"].nunique(),
        found=len(found),
        found_scanners=found["station"].nunique(),
        assessable=int(score["assessable"]),
        precision=score["precision"],
        recall=score["recall"],
        changed=int(truth.protocols["changed_on"].notna().sum()),
        changes={
            (row[SERIES[0]], row[SERIES[1]]): row["changed_on"].date()
            for row in moved.to_dict("records")
        },
    )

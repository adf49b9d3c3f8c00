"""The truth of a fleet beside the platform's answers, joined by the pseudonyms of series.

The platform itself never reads it: demo and benchmark score it with this afterwards.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date

import pandas as pd

from protocol_assets.analysis.frame import SERIES
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets_simulator.device_truth import protocols
from protocol_assets_simulator.fleet import Fleet
from protocol_assets_simulator.scan import Scan
from protocol_assets_simulator.truth import series_truth

__all__ = [
    "PLACE",
    "Truth",
    "judged",
    "linked",
    "places",
    "potential_scores",
    "ratio",
    "read_truth",
]

PLACE = ["station", "protocol"]
"""The key of a protocol on a scanner in the truth."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened.

    Attributes:
        series: One row per series, with ``series_key``, ``planted`` and ``old_scan_time_s``, what
            it would have taken at the settings of the fleet's first day.
        protocols: One row per protocol of a scanner.
    """

    series: pd.DataFrame
    protocols: pd.DataFrame


def read_truth(fleet: Fleet, pseudonyms: Pseudonyms, last: date | None = None) -> Truth:
    """The truth of a fleet, days as timestamps.

    Args:
        fleet: The fleet.
        pseudonyms: Those of the platform.
        last: The last study day to include; by default the last one of the fleet.
    """
    rows = [
        asdict(series_truth(scan))
        | {"planted": study.planted, "old_scan_time_s": _at_old_settings(fleet, scan)}
        for study in fleet.studies(None, fleet.start, last or fleet.end)
        for scan in fleet.scans(study)
    ]
    series = pd.DataFrame(rows)
    series["series_key"] = [pseudonyms.of("series", uid) for uid in series["series_uid"]]
    series["study_date"] = pd.to_datetime(series["study_date"])
    known = pd.DataFrame([asdict(one) for one in protocols(fleet)])
    for day in ("changed_on", "relapsed_on"):
        known[day] = pd.to_datetime(known[day])
    return Truth(series, known)


def linked(acquisitions: pd.DataFrame, frame: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """The prepared acquisitions with the truth of the series that stands for each.

    Columns of the truth carry the prefix ``true_``, those of ``PLACE`` excepted.
    """
    keys = acquisitions[["acquisition_key", "series_key"]]
    true = truth.series.rename(columns=lambda name: f"true_{name}").rename(
        columns={"true_series_key": "series_key"} | {f"true_{name}": name for name in PLACE}
    )
    return frame.merge(keys, on="acquisition_key", how="left").merge(
        true, on="series_key", how="left"
    )


def places(acquisitions: pd.DataFrame) -> pd.DataFrame:
    """Where in the truth each scanner protocol of the platform belongs.

    Args:
        acquisitions: From ``linked``.

    Returns:
        ``SERIES``, ``PLACE`` of most of its acquisitions, their ``n`` and ``share``; ``is_main``
        marks the largest scanner protocols of a place, for the platform may see several.
    """
    counts = acquisitions.groupby([*SERIES, *PLACE]).size().rename("n").reset_index()
    counts["share"] = counts["n"] / counts.groupby(SERIES)["n"].transform("sum")
    largest = counts.sort_values("n", ascending=False, kind="stable")
    found = largest.drop_duplicates(SERIES).copy()
    found["is_main"] = ~found.duplicated(PLACE)
    return found.reset_index(drop=True)


def judged(assessed: pd.DataFrame, located: pd.DataFrame, protocols: pd.DataFrame) -> pd.DataFrame:
    """Every protocol of a scanner with what the platform says of its largest scanner protocols.

    Args:
        assessed: One row per scanner protocol: ``SERIES``, ``assessment``, ``has_potential``.
        located: From ``places``.
        protocols: The truth by protocol of a scanner.

    Returns:
        The rows of the truth; one that the platform has not seen is ``insufficient``.
    """
    main = located.loc[located["is_main"], [*SERIES, *PLACE]]
    found = assessed[[*SERIES, "assessment", "has_potential"]].merge(main, on=SERIES)
    told = protocols.merge(found, on=PLACE, how="left")
    return told.assign(assessment=told["assessment"].fillna("insufficient"))


def potential_scores(rows: pd.DataFrame) -> dict[str, float]:
    """Precision and recall over the assessable ones.

    Args:
        rows: One row per protocol of a scanner: ``kind`` (of the truth), ``assessment`` and
            ``has_potential`` (of the platform).

    Returns:
        ``n``, ``true``, ``assessable`` and ``flagged`` counts; ``insufficient`` and
        ``not_assessable`` as shares of all, ``precision`` and ``recall`` of the assessable, and
        ``recall_of_all``, where what is not assessable counts as missed.
    """
    is_true = rows["kind"] == "potential"
    can_tell = rows["assessment"] == "assessable"
    flagged = can_tell & rows["has_potential"].eq(True)
    hits = int((flagged & is_true).sum())
    return {
        "n": len(rows),
        "true": int(is_true.sum()),
        "assessable": int(can_tell.sum()),
        "flagged": int(flagged.sum()),
        "insufficient": float((rows["assessment"] == "insufficient").mean()),
        "not_assessable": float((rows["assessment"] == "not assessable").mean()),
        "precision": ratio(hits, int(flagged.sum())),
        "recall": ratio(hits, int((can_tell & is_true).sum())),
        "recall_of_all": ratio(hits, int(is_true.sum())),
    }


def ratio(part: int, whole: int) -> float:
    """The part of the whole; NaN of nothing."""
    return part / whole if whole else float("nan")


def _at_old_settings(fleet: Fleet, scan: Scan) -> float:
    """Seconds at the settings of the first day; a patient with more slices keeps them."""
    old = fleet.setting(scan.study.scanner, scan.protocol, fleet.start)
    tr_ms = old.tr_ms
    if scan.slices != scan.protocol.slices:
        tr_ms = round(tr_ms * scan.slices / scan.protocol.slices / 10) * 10
    return replace(
        scan,
        nex=old.nex,
        tr_ms=tr_ms,
        acceleration=old.acceleration,
        phase_oversampling=old.phase_oversampling,
        partial_fourier=old.partial_fourier,
        preparation_s=old.preparation_s,
    ).duration_s

"""What the benchmark asks of the platform, and the answers beside the truth."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd

from benchmarks.poc_scores import matched_changes
from protocol_assets.analysis.change_points import Changes, protocol_changes
from protocol_assets.analysis.drift import compliance
from protocol_assets.analysis.frame import SERIES, prepared
from protocol_assets.analysis.potential import potential
from protocol_assets.analysis.verification import change_verification
from protocol_assets.governance.targets import read_targets, targets_table
from protocol_assets.lake.zones import Lake
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from protocol_assets.modalities.mr.analysis.time_model import TimeModel, fit_time_model
from protocol_assets_simulator.comparison import PLACE, Truth, linked, places

__all__ = ["Findings", "classes", "durations", "findings", "minutes", "potential_before_change"]

_DAY: Final = pd.Timedelta(days=1)
_NO_REGISTER: Final = (
    *SERIES,
    "changed_on",
    "volume_per_month",
    "promised_minutes_per_month",
    "quality_signed_on",
)
_PLANTED: Final = {
    "tr_off": ({"departure", "drift"}, {"tr_ms"}),
    "te_missing": ({"not told"}, {"te_ms"}),
    "nex_in_one_image": ({"varies within series"}, {"nex"}),
    "enhanced_nex": ({"varies within series", "departure"}, {"nex", "effective_averages"}),
}
"""Kinds of finding and parameters that tell each planted deviation."""


@dataclass(slots=True)
class Findings:
    """What the platform knows at the end of the period, and what it was made of.

    Attributes:
        frame: The prepared acquisitions.
        exams: ``fct_exam``.
        targets: The hospital's targets.
        model: The calibrated time model, of all days.
        changes: The changes found.
        verification: Their verification; no change was registered.
        linked: The acquisitions with their truth.
        places: Where in the truth each scanner protocol belongs.
        seconds: Of each analysis.
    """

    frame: pd.DataFrame
    exams: pd.DataFrame
    targets: pd.DataFrame
    model: TimeModel
    changes: Changes
    verification: pd.DataFrame
    linked: pd.DataFrame
    places: pd.DataFrame
    seconds: dict[str, float] = field(default_factory=dict)


def findings(lake: Lake, truth: Truth) -> Findings:
    """Analyse the warehouse; the truth is joined to the answers afterwards."""
    seconds: dict[str, float] = {}
    start = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal start
        seconds[name], start = time.perf_counter() - start, time.perf_counter()

    with duckdb.connect(str(lake.warehouse), read_only=True) as connection:
        acquisitions = connection.sql("from marts.fct_acquisition").df()
        exams = connection.sql("from marts.fct_exam").df()
    frame = prepared(acquisitions, AVERAGING)
    lap("read and prepare")
    targets = targets_table(read_targets(lake)).to_pandas()
    model = fit_time_model(frame)
    lap("time model")
    changes = protocol_changes(frame, AVERAGING)
    lap("changes")
    nobody = pd.DataFrame(columns=list(_NO_REGISTER))
    verification = change_verification(
        frame, AVERAGING, changes, nobody, model, frame["study_date"].max()
    )
    lap("verification")
    both = linked(acquisitions, frame, truth)
    return Findings(
        frame, exams, targets, model, changes, verification, both, places(both), seconds
    )


def potential_before_change(known: Findings, truth: Truth) -> pd.DataFrame:
    """Every protocol of a scanner as it was judged on the day before its change.

    One that never changes is judged on the day before its scanner's first change; on a scanner
    that never changes, before the fleet's median change. One that the platform does not see in the
    trailing days is insufficient. The time model is that of the days before any change.

    Returns:
        The rows of the truth with ``asked_on``, ``assessment``, ``assessment_reason``,
        ``has_potential`` and what ``potential`` tells of the largest protocols of the place.
        Rows with ``kind`` ``stray`` are further scanner protocols that were flagged although their
        place has no potential.
    """
    true = truth.protocols
    first = true.groupby("station")["changed_on"].transform("min")
    asked = true["changed_on"].fillna(first).fillna(true["changed_on"].median()).dt.normalize()
    true = true.assign(asked_on=asked - _DAY)
    calm = known.frame[known.frame["study_date"] < true["changed_on"].min()]
    model = fit_time_model(calm)
    answers: list[pd.DataFrame] = []
    strays: list[pd.DataFrame] = []
    for day in sorted(set(true["asked_on"])):
        part = true[true["asked_on"] == day]
        judged = potential(known.frame, AVERAGING, known.targets, model, day).merge(
            known.places[[*SERIES, *PLACE, "is_main"]], on=SERIES
        )
        judged = judged.merge(part[PLACE], on=PLACE)
        # The largest as of that day stands for the place; the others must not cry wolf.
        judged = judged.sort_values("n_eligible", ascending=False, kind="stable")
        main = judged.drop_duplicates(PLACE)
        strays.append(judged[judged.duplicated(PLACE) & judged["has_potential"].eq(True)])
        answers.append(part.merge(main.drop(columns=["as_of"]), on=PLACE, how="left"))
    found = pd.concat(answers, ignore_index=True)
    found["assessment"] = found["assessment"].fillna("insufficient")
    found["assessment_reason"] = found["assessment_reason"].where(
        found["n"].notna(), "not seen in the trailing days"
    )
    extra = pd.concat(strays).merge(true[[*PLACE, "kind", "vendor"]], on=PLACE)
    extra = extra[extra["kind"] != "potential"].assign(kind="stray")
    return pd.concat([found, extra], ignore_index=True)


def minutes(known: Findings, truth: Truth) -> pd.DataFrame:
    """Minutes won by each true change beside what the verification says was realised.

    Returns:
        The matched changes with ``true_old_min`` and ``true_won_min`` (all acquisitions from the
        change to the relapse, or to the end) and ``old_minutes``, ``realised_minutes`` and
        ``realised_minutes_observed`` of the platform, NaN where it did not find the change.
    """
    matched = matched_changes(known.changes.changes, known.places, truth.protocols)
    scans = truth.series[truth.series["is_counted"] & truth.series["scan_time_s"].notna()]
    scans = scans.merge(matched[[*PLACE, "changed_on", "relapsed_on"]], on=PLACE)
    after = (scans["study_date"] >= scans["changed_on"]) & ~(
        scans["study_date"] >= scans["relapsed_on"]
    )
    scans = scans[after].assign(won=scans["old_scan_time_s"] - scans["scan_time_s"])
    true = scans.groupby(PLACE).agg(
        true_old_min=("old_scan_time_s", "sum"), true_won_min=("won", "sum")
    )
    told = known.verification.merge(known.places[[*SERIES, *PLACE]], on=SERIES)
    told = told.merge(matched[[*PLACE, "found_on"]], on=PLACE)
    told = told[(told["changed_on"] - told["found_on"]).abs() <= pd.Timedelta(days=45)]
    columns = ["old_minutes", "realised_minutes", "realised_minutes_observed"]
    won = told.groupby(PLACE)[columns].sum(min_count=1)
    return matched.merge(true / 60, on=PLACE, how="left").merge(won, on=PLACE, how="left")


def durations(known: Findings, truth: Truth) -> pd.DataFrame:
    """Sum of scan times, span and gap of exams before and after, never as one duration.

    Of scanners that changed and did not relapse; before the first and after the last of their
    changes, as found by the platform and as true.
    """
    true = truth.protocols
    lasting = (
        true[true["changed_on"].notna()]
        .groupby("station")
        .filter(lambda part: part["relapsed_on"].isna().all())
    )
    true_days = lasting.groupby("station")["changed_on"].agg(["min", "max"])
    matched = matched_changes(known.changes.changes, known.places, true)
    found_days = matched.groupby("station")["found_on"].agg(["min", "max"])
    station = known.linked.groupby("exam_key")["station"].agg("first").rename("station")
    told = known.exams.merge(station, on="exam_key")
    told = told[~told["is_quarantined"]].rename(
        columns={"scan_time_sum_s": "sum", "exam_span_s": "span", "gap_time_s": "gap"}
    )
    told["study_date"] = pd.to_datetime(told["study_date"])
    rows = {
        "platform": _cuts(told, found_days.loc[true_days.index]),
        "truth": _cuts(_true_exams(truth), true_days),
    }
    return pd.DataFrame(rows).T


def _true_exams(truth: Truth) -> pd.DataFrame:
    scans = truth.series[
        truth.series["scan_time_s"].notna() & ~truth.series["is_sibling"] & ~truth.series["is_copy"]
    ]
    scans = scans.assign(end_s=scans["start_s"] + scans["scan_time_s"])
    exams = scans.groupby("exam_index").agg(
        station=("station", "first"),
        study_date=("study_date", "min"),
        sum=("scan_time_s", "sum"),
        start_s=("start_s", "min"),
        end_s=("end_s", "max"),
    )
    exams["span"] = exams["end_s"] - exams["start_s"]
    exams["gap"] = exams["span"] - exams["sum"]
    return exams


def _cuts(exams: pd.DataFrame, days: pd.DataFrame) -> dict[str, Any]:
    known = exams.join(days.rename(columns={"min": "first", "max": "last"}), on="station")
    before = known[known["study_date"] < known["first"]]
    after = known[known["study_date"] >= known["last"]]
    row: dict[str, Any] = {"n_before": len(before), "n_after": len(after)}
    for what in ("sum", "span", "gap"):
        old, new = before[what].mean() / 60, after[what].mean() / 60
        row |= {f"{what}_before_min": old, f"{what}_after_min": new}
        row[f"{what}_cut_pct"] = 100 * (1 - new / old)
    return row


def classes(known: Findings, truth: Truth, judged: pd.DataFrame) -> pd.DataFrame:
    """The five planted deviations: whether each is told at its scanner, protocol and exam.

    Three averages are a setting, asked for on the day before its change; the others befell one
    study and are asked for on its day.

    Returns:
        One row a class: ``station``, ``protocol``, ``is_found``, the ``finding``, and ``alike``:
        findings of the same kind and parameter in the same weeks at other places.
    """
    rows: list[dict[str, Any]] = []
    for _, place in truth.protocols[truth.protocols["is_planted"]].iterrows():
        row = judged[(judged[PLACE] == place[PLACE]).all(axis=1)].iloc[0]
        rows.append(
            {
                "class": "nex_3",
                **place[PLACE],
                "is_found": row["has_potential"] is True and row["nex_level"] == 3,
                "finding": f"potential, NEX {row['nex_level']:g}",
                "alike": int((judged["nex_level"] == 3).sum()) - 1,
            }
        )
    for planted, (kinds, parameters) in _PLANTED.items():
        # A second series of the same scan shows the deviation as well; it is one.
        scans = truth.series[(truth.series["defect"] == planted) & truth.series["is_counted"]]
        for _, scan in scans.iterrows():
            told = compliance(known.frame, AVERAGING, known.targets, scan["study_date"]).findings
            told = told[told["kind"].isin(kinds) & told["parameter"].isin(parameters)]
            told = told.merge(known.places[[*SERIES, *PLACE]], on=SERIES, how="left")
            there = (told[PLACE] == scan[PLACE]).all(axis=1)
            exam = known.linked.loc[known.linked["series_key"] == scan["series_key"], "exam_key"]
            there &= told["exam_key"].isin(exam)
            own = told[there]
            text = "; ".join(
                f"{one['kind']}: {one['parameter']} {_value(one['observed'])}, expected "
                f"{_value(one['expected'])}, {one['n_affected']} of {one['n_exams']} exams"
                for _, one in own.iterrows()
            )
            rows.append(
                {
                    "class": planted,
                    **scan[PLACE],
                    "is_found": len(own) > 0,
                    "finding": text,
                    "alike": len(told) - len(own),
                }
            )
    return pd.DataFrame(rows)


def _value(value: Any) -> str:
    return "-" if value is None or (isinstance(value, float) and np.isnan(value)) else f"{value:g}"

"""Series whose images differ, headers that do not tell, exams that lack a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from protocol_assets.analysis.frame import SERIES, group_indices
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.parameters import Parameter

__all__ = ["FINDING", "located", "missing_sequences", "unreported", "varying"]

FINDING: Final = (
    *SERIES,
    "parameter",
    "kind",
    "expected",
    "observed",
    "expected_term",
    "observed_term",
    "n_exams",
    "n_affected",
    "patients_affected",
    "share",
    "first_day",
    "last_day",
    "exam_key",
    "p_value",
    "q_value",
    "is_confirmed",
)
"""The columns of a finding of compliance."""

# Images of one series are written by one scan: beyond the rounding of decimals they agree.
_ROUNDING: Final = 0.002


def located(
    key: dict[str, Any], parameter: str, kind: str, rows: pd.DataFrame, affected: pd.DataFrame
) -> dict[str, Any]:
    """A finding: where, in how many of the exams, from when to when."""
    exams, hit = _exams(rows), _exams(affected)
    latest = affected.sort_values(["study_date", "exam_key"]).iloc[-1]
    return {
        **key,
        "parameter": parameter,
        "kind": kind,
        "n_exams": exams.nunique(),
        "n_affected": hit.nunique(),
        "patients_affected": affected["patient_key"].nunique(),
        "share": hit.nunique() / exams.nunique(),
        "first_day": affected["study_date"].min(),
        "last_day": affected["study_date"].max(),
        "exam_key": latest["exam_key"],
    }


def varying(rows: pd.DataFrame, ranged: Sequence[str]) -> list[dict[str, Any]]:
    """Series in which a setting differs between images, by scanner protocol.

    Series in which it differs by design, such as those of several echoes, are found as well, in all
    exams of their protocol: the share tells design from defect.

    Args:
        rows: From ``prepared``.
        ranged: Settings of which the rows also hold the least and the greatest value.
    """
    findings = []
    plain = rows[rows["is_uniform"]]
    groups = group_indices(plain, SERIES)
    for parameter in ranged:
        low, high = f"{parameter}_min", f"{parameter}_max"
        differs = plain[high] > plain[low] * (1 + _ROUNDING)
        for key, at in groups.items():
            affected = plain.iloc[at][differs.to_numpy()[at]]
            if affected.empty:
                continue
            finding = located(
                dict(zip(SERIES, key, strict=True)),
                parameter,
                "varies within series",
                plain.iloc[at],
                affected,
            )
            worst = affected.iloc[int((affected[high] / affected[low]).to_numpy().argmax())]
            findings.append(
                finding
                | {"expected": worst[parameter], "observed": _other(worst, low, high, parameter)}
            )
    return findings


def _other(row: pd.Series, low: str, high: str, parameter: str) -> float:
    """The end of the range that is not the mode."""
    return float(row[high] if row[low] == row[parameter] else row[low])


def unreported(rows: pd.DataFrame, parameters: Sequence[Parameter]) -> list[dict[str, Any]]:
    """Parameters that every header should report and some do not, by scanner protocol."""
    findings = []
    groups = group_indices(rows, SERIES)
    for parameter in parameters:
        if not parameter.is_required:
            continue
        absent = rows[parameter.name].isna().to_numpy()
        for key, at in groups.items():
            if absent[at].any():
                findings.append(
                    located(
                        dict(zip(SERIES, key, strict=True)),
                        parameter.name,
                        "not told",
                        rows.iloc[at],
                        rows.iloc[at][absent[at]],
                    )
                )
    return findings


def missing_sequences(rows: pd.DataFrame, recent: pd.Series) -> list[dict[str, Any]]:
    """Sequences that nearly all exams of the same kind on the scanner have and a recent one lacks.

    Exams of one kind: the same scanner, regions and use of contrast. The finding names the protocol
    that the scanner usually runs for the sequence.
    """
    known = rows[rows["exam_key"].notna() & rows["sequence"].notna()].assign(recent=recent)
    if known.empty:
        return []
    exams = known.groupby("exam_key").agg(
        device_key=("device_key", "first"),
        patient_key=("patient_key", "first"),
        study_date=("study_date", "min"),
        recent=("recent", "max"),
        regions=("region", lambda values: "+".join(sorted(set(values.dropna())))),
        is_enhanced=("is_enhanced", "any"),
    )
    usual = known.groupby(["device_key", "sequence", "protocol_key"]).size().rename("n")
    most = usual.reset_index().sort_values("n", ascending=False, kind="stable")
    names = (
        most.drop_duplicates(["device_key", "sequence"])
        .set_index(["device_key", "sequence"])["protocol_key"]
        .to_dict()
    )
    present = known.groupby(["exam_key", "sequence"]).size().unstack(fill_value=0) > 0
    findings = []
    for key, at in group_indices(exams, ["device_key", "regions", "is_enhanced"]).items():
        same = exams.iloc[at].reset_index()
        if len(same) < limit("usual_sequence_n"):
            continue
        there = present.loc[same["exam_key"]].reset_index(drop=True)
        share = there.mean()
        for sequence in share[(share >= limit("usual_sequence")) & (share < 1)].index:
            affected = same[same["recent"] & ~there[sequence]]
            if len(affected):
                place = {"device_key": key[0], "protocol_key": names[key[0], sequence]}
                findings.append(
                    located(place, "sequence", "sequence missing", same[same["recent"]], affected)
                    | {"expected_term": sequence}
                )
    return findings


def _exams(rows: pd.DataFrame) -> pd.Series:
    if "acquisition_key" not in rows.columns:
        return rows["exam_key"]
    return rows["exam_key"].where(rows["exam_key"].notna(), rows["acquisition_key"])

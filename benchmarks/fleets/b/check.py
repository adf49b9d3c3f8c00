"""Reads the fleet's own headers and truth, and says whether they agree."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.fleets.b.fleet import OutpatientChain

__all__ = ["check_fleet", "judge_plain_rule", "read_averaging", "read_scan_time"]

_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))*")
_FACTOR = 1.15


def _value(obj: dict[str, Any], tag: str) -> Any:
    return (obj.get(tag, {}).get("Value") or [None])[0]


def _private(obj: dict[str, Any], group: str, creator: str, element: str) -> Any:
    for tag, content in obj.items():
        if tag[:6] == f"{group}00" and (content.get("Value") or [None])[0] == creator:
            return _value(obj, f"{group}{tag[6:]}{element}")
    return None


def _siemens_time(text: str) -> float:
    found = re.fullmatch(r"TA:? (?:(\d+):)?([\d.]+)(?:\*(\d+))?", text)
    if not found:
        return float("nan")
    minutes, seconds, packages = found.groups()
    return (60 * int(minutes or 0) + float(seconds)) * int(packages or 1)


def read_scan_time(obj: dict[str, Any]) -> float:
    """Read the stated scan time in seconds in the vendor's form, NaN where none is stated."""
    maker = str(_value(obj, "00080070"))
    duration = _value(obj, "00189073")
    if maker == "UIH":
        return float(duration) / 1000
    if duration is not None:
        return float(duration)
    if maker.startswith("GE"):
        return float(_private(obj, "0019", "GEMS_ACQU_01", "5A")) / 1e6
    if maker.startswith("Philips"):
        return float(_private(obj, "2005", "Philips MR Imaging DD 001", "33"))
    text = _private(obj, "0051", "SIEMENS MR HEADER", "0A")
    return _siemens_time(str(text)) if text else float("nan")


def read_averaging(obj: dict[str, Any]) -> float:
    """Read effective averages where a vendor's classic header tells them, else NaN."""
    maker, nex = str(_value(obj, "00080070")), _value(obj, "00180083")
    if nex is None or "00181310" not in obj or _value(obj, "00180020") == "EP":
        return float("nan")
    lines = float(sorted(obj["00181310"]["Value"])[2])
    if _value(obj, "00181312") == "COL":
        lines = float(obj["00181310"]["Value"][3])
    if maker.startswith("GE"):
        console = _private(obj, "0027", "GEMS_IMAG_01", "62")
        halved = "NPW" in (obj.get("00180022", {}).get("Value") or [])
        nex = console if console is not None else nex * (2 if halved else 1)
        return float(nex) * float(_private(obj, "0043", "GEMS_PARM_01", "83"))
    steps = _value(obj, "00180089")
    if maker == "SIEMENS" and steps:
        pat = _private(obj, "0051", "SIEMENS MR HEADER", "11")
        return float(nex * steps / lines) / (float(pat[1:]) if pat else 1)
    if maker in ("CANON_MEC", "TOSHIBA") and steps:
        return float(nex * steps / lines)
    return float("nan")


def judge_plain_rule(fleet: OutpatientChain, protocols: pd.DataFrame) -> tuple[float, float]:
    """Judge signed target, else 1.15 x P25 (same role, field and R) against ``kind``.

    Returns:
        Precision and recall.
    """
    stratum = ["anatomy", "role", "contrast_phase", "field_strength_t"]
    targets = {
        (t.model, t.anatomy, t.role, t.contrast_phase, t.field_strength_t): t.averaging
        for t in fleet.targets
    }
    peers = protocols.groupby([*stratum, "acceleration"])["averaging"]
    quarter = peers.transform(lambda values: float(np.percentile(values, 25)))
    keys = zip(*(protocols[name].tolist() for name in ("model", *stratum)), strict=True)
    signed = [targets.get(key) for key in keys]
    goal = pd.Series(signed, index=protocols.index, dtype=float).fillna(quarter)
    flagged = protocols["averaging"] > _FACTOR * goal
    true = protocols["kind"] == "potential"
    assert (protocols["averaging"] >= 1.25 * quarter - 1e-6)[true].all()
    hits = float((flagged & true).sum())
    return hits / max(1.0, float(flagged.sum())), hits / max(1.0, float(true.sum()))


def _check_objects(fleet: OutpatientChain, series: pd.DataFrame, days: list[dt.date]) -> None:
    names = ["series_uid", "scan_time_s", "effective_averages"]
    rows = {uid: (time_s, told) for uid, time_s, told in zip(
        *(series[name].tolist() for name in names), strict=True)}  # fmt: skip
    count = enhanced = seen_series = 0
    time_errors: dict[str, list[float]] = {}
    averaging_errors: dict[str, list[float]] = {}
    began = time.perf_counter()
    studies = [study for day in days for study in fleet.studies(day)]
    spent = time.perf_counter() - began
    for study in studies:
        first: dict[str, dict[str, Any]] = {}
        uids = set()
        for obj in study.instances:
            count += 1
            for tag in ("00080018", "0020000D", "0020000E"):
                uid = _value(obj, tag)
                assert len(uid) < 65, uid
                assert _UID.fullmatch(uid), uid
            assert _value(obj, "0020000D") == study.study_uid
            uids.add(_value(obj, "00080018"))
            first.setdefault(_value(obj, "0020000E"), obj)
        assert len(uids) == len(study.instances)
        for uid, obj in first.items():
            seen_series += 1
            enhanced += "52009230" in obj
            true_time, true_averages = rows[uid]
            if not np.isfinite(true_time):
                continue
            maker = f"{_value(obj, '00080070')}{' enhanced' if '52009230' in obj else ''}"
            error = read_scan_time(obj) / true_time - 1
            time_errors.setdefault(maker, []).append(error)
            error = read_averaging(obj) / true_averages - 1
            averaging_errors.setdefault(maker, []).append(error)
    print(f"days {len(days)}: studies {len(studies)}, series {seen_series}, objects {count}")
    print(f"  {count / seen_series:.1f} objects a series, enhanced {enhanced / seen_series:.1%} of "
          f"series, {spent / count * 1e6:.0f} us an object")  # fmt: skip
    for maker, errors in sorted(time_errors.items()):
        known = np.array([e for e in errors if np.isfinite(e)])
        told = np.array([e for e in averaging_errors[maker] if np.isfinite(e)])
        if known.size:
            low, high = known.min(), known.max()
            assert -0.08 < low <= high < 0.02, (maker, low, high)
        assert not told.size or np.abs(told).max() < 0.02, (maker, np.abs(told).max())
        span = f"{known.min():+.3f} to {known.max():+.3f}" if known.size else "not stated"
        worst = f"{np.abs(told).max():.3f}" if told.size else "not told"
        print(f"  {maker}: time {span} ({known.size} of {len(errors)}), effective averages {worst}")


def check_fleet(fleet: OutpatientChain) -> None:
    """Print what the fleet is made of and stop at the first disagreement."""
    truth = fleet.truth()
    protocols, series, exams = truth.protocols, truth.series, truth.exams
    for column in ("vendor", "kind", "course", "acceleration", "contrast_phase"):
        print(column, dict(Counter(protocols[column]).most_common()))
    potential = protocols[protocols["kind"] == "potential"]
    changed = potential[potential["changed_on"].notna()]
    print(f"protocols {len(protocols)}, potential {len(potential)} on "
          f"{potential['station'].nunique()} scanners, changed {len(changed)}, harmed "
          f"{int(protocols['harmed'].sum())}, targets {len(fleet.targets)}")  # fmt: skip
    print("  levels", dict(sorted(Counter(potential["averaging"]).items())))
    print("  NEX before", round(changed["nex"].mean(), 2), "after",
          round(changed["nex_after"].fillna(changed["nex"]).mean(), 2))  # fmt: skip
    counted = series[series["is_counted"]]
    volume = counted.groupby(["station", "protocol"]).size()
    print(
        f"  {float((volume < 20).mean()):.0%} of protocols below 20 a year, "
        f"{float((volume < 8).mean()):.0%} below 8"
    )
    print(
        f"series {len(series)}, counted {len(counted)}, exams {len(exams)}, "
        f"overrides {counted['is_override'].mean():.1%}, rescans {counted['is_rescan'].mean():.1%}"
    )
    print(
        f"  span {exams['span_s'].median() / 60:.1f} min, "
        f"scan time {exams['scan_time_sum_s'].median() / 60:.1f} min"
    )
    precision, recall = judge_plain_rule(fleet, protocols)
    print(f"plain rule: precision {precision:.3f}, recall {recall:.3f}")
    assert precision >= 0.99
    assert recall >= 0.97
    assert not series["series_uid"].duplicated().any()
    days = [fleet.start + dt.timedelta(days=d) for d in range(3, 360, 33)]
    _check_objects(fleet, series, days)

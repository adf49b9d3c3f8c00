"""Checks the fleet: ``python -m benchmarks.fleets.a [seed [scanners [studies]]]``."""

from __future__ import annotations

import datetime as dt
import math
import pickle
import re
import sys
import time
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.fleets.a.fleet import UniversityNetwork
from benchmarks.fleets.a.tags import Dataset
from benchmarks.fleets.contract import FleetTruth, Target

_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")
_STRATUM = ["anatomy", "role", "contrast_phase", "three_d", "field_strength_t", "acceleration"]


def plain_rule(protocols: pd.DataFrame, targets: list[Target]) -> pd.Series[bool]:
    """Return what the plain rule flags: above 1.15 of the signed target, else of the P25."""
    signed = {
        (t.model, t.field_strength_t, t.anatomy, t.role, t.contrast_phase): t.averaging
        for t in targets
    }
    lowest = protocols.groupby(_STRATUM)["averaging"].transform(lambda v: np.quantile(v, 0.25))
    keys = protocols[["model", "field_strength_t", "anatomy", "role", "contrast_phase"]]
    wanted = pd.Series([signed.get(tuple(k), np.nan) for k in keys.to_numpy()], protocols.index)
    return protocols["averaging"] > 1.15 * wanted.fillna(lowest)


def _value(data: Dataset, tag: str) -> Any:
    values = data.get(tag, {}).get("Value")
    return values[0] if values else None


def _private(data: Dataset, group: str, creator: str, number: str) -> Any:
    for block in range(16, 32):
        if _value(data, f"{group}00{block:02X}") == creator:
            return _value(data, f"{group}{block:02X}{number}")
    return None


def _siemens_time(text: str) -> float:
    clock, _, times = text.replace("TA:", "TA").removeprefix("TA ").partition("*")
    parts = [float(p) for p in clock.split(":")]
    minutes, seconds = parts if len(parts) == 2 else [0.0, *parts]
    return (60 * minutes + seconds) * int(times or 1)


def stated_time(data: Dataset) -> float | None:
    """Return the time that a header states in its vendor's way (s)."""
    maker = str(_value(data, "00080070")).lower()
    duration = _value(data, "00189073")
    if duration is not None:
        return float(duration) / (1000 if maker == "uih" else 1)
    if maker.startswith("siemens"):
        return _siemens_time(str(_private(data, "0051", "SIEMENS MR HEADER", "0A")))
    if maker.startswith("ge"):
        return float(_private(data, "0019", "GEMS_ACQU_01", "5A")) / 1e6
    if maker.startswith("philips"):
        return float(_private(data, "2005", "Philips MR Imaging DD 001", "33"))
    return None


def stated_nex(data: Dataset) -> float | None:
    """Return the console's averages, as far as a header of one frame tells them."""
    nex = _value(data, "00180083")
    if str(_value(data, "00080070")).startswith("GE"):
        nex = _private(data, "0027", "GEMS_IMAG_01", "62")
    return None if nex is None else float(nex)


def stated_averaging(data: Dataset) -> float | None:
    """Return NEX x (1 + oversampling) where a single-frame header has both."""
    maker, nex = str(_value(data, "00080070")), stated_nex(data)
    steps = _value(data, "00180089")
    matrix = data.get("00181310", {}).get("Value", [0, 0, 0, 0])
    lines = matrix[3] or matrix[2]
    if nex is None or not lines or "PFP" in data.get("00180022", {}).get("Value", []):
        return None
    if maker.startswith("GE"):
        return nex
    if maker in ("TOSHIBA", "CANON_MEC"):
        return float(nex * steps * (_value(data, "00189069") or 1) / lines)
    known = maker.startswith(("Philips", "Hitachi")) or maker == "SIEMENS"
    return float(nex * steps / lines) if known and steps else None


def formula_time(data: Dataset) -> float | None:
    """Return TR x shots x NEX x packages of a train from a GE or classic Siemens header alone."""
    maker, nex = str(_value(data, "00080070")), stated_nex(data)
    if nex is None or _value(data, "00180023") != "2D" or _value(data, "00180091") == 1:
        return None
    if maker == "SIEMENS":
        lines = float(_value(data, "00180089"))
        place = _private(data, "0051", "SIEMENS MR HEADER", "11") or "p1"
        lines /= float(place[1:])
        text = str(_private(data, "0051", "SIEMENS MR HEADER", "0A"))
        packages = int(text.partition("*")[2] or 1)
    elif maker.startswith("GE"):
        lines = data["00181310"]["Value"][2]
        lines *= float(_private(data, "0043", "GEMS_PARM_01", "83"))
        packages = int(_private(data, "0025", "GEMS_SERS_01", "11"))
    else:
        return None
    shots = math.ceil(round(lines / _value(data, "00180091"), 2))
    return float(_value(data, "00180080") * shots * nex * packages / 1000)


def check_headers(fleet: UniversityNetwork, truth: FleetTruth, days: range) -> None:
    """Compare headers with the truth and print what a day costs."""
    rows = truth.series.set_index("series_uid")
    seen: dict[str, list[float]] = {"time": [], "nex": [], "averaging": [], "formula": []}
    kinds: Counter[str] = Counter()
    instances, studies, spent = 0, 0, 0.0
    uids: set[str] = set()
    series: set[str] = set()
    for offset in days:
        begin = time.perf_counter()
        found = fleet.studies(fleet.start + dt.timedelta(offset))
        spent += time.perf_counter() - begin
        studies += len(found)
        for data in (d for study in found for d in study.instances):
            instances += 1
            for tag in ("00080018", "0020000E", "0020000D"):
                uid = _value(data, tag)
                assert _UID.fullmatch(uid), uid
                assert len(uid) < 65, uid
            assert _value(data, "00080018") not in uids
            uids.add(_value(data, "00080018"))
            uid = _value(data, "0020000E")
            if uid not in series:
                series.add(uid)
                kinds[_value(data, "00080016")] += 1
                _compare(data, rows.loc[uid], seen)
    count = len(days)
    print(f"a day: {studies / count:.1f} studies, {len(series) / count:.0f} series, ", end="")
    print(f"{instances / count:.0f} instances ({instances / len(series):.1f} a series)")
    print(f"{spent / instances * 1e6:.1f} us an instance; enhanced "
          f"{kinds['1.2.840.10008.5.1.4.1.1.4.1'] / len(series):.1%} of series")  # fmt: skip
    for name, ratios in seen.items():
        low, middle, high = np.quantile(ratios, [0.0, 0.5, 1.0])
        print(f"header over truth, {name}: {len(ratios)} {low:.3f} .. {middle:.3f} .. {high:.3f}")
        assert low > 0.94, name
        assert high < 1.03, name


def _compare(data: Dataset, row: Any, seen: dict[str, list[float]]) -> None:
    if not row["is_counted"] or row["role"] == "ax DWI":
        return
    stated = stated_time(data)
    if stated is not None and stated / row["scan_time_s"] < 1.3:  # else it was broken off
        seen["time"].append(stated / row["scan_time_s"])
    formula = formula_time(data)
    if formula is not None and formula / row["scan_time_s"] < 1.3:  # else it was broken off
        seen["formula"].append(formula / row["scan_time_s"])
    if (nex := stated_nex(data)) is not None:
        seen["nex"].append(nex / row["nex"])
    if (averaging := stated_averaging(data)) is not None:
        seen["averaging"].append(averaging / row["averaging"])


def check_truth(fleet: UniversityNetwork, truth: FleetTruth) -> None:
    """Print the counts and hold the plain rule to the truth."""
    protocols = truth.protocols
    for name in ("vendor", "kind", "acceleration", "course"):
        print(name, protocols[name].value_counts().to_dict())
    potential = protocols["kind"] == "potential"
    flagged = plain_rule(protocols, fleet.targets)
    hit = (potential & flagged).sum()
    precision, recall = hit / max(flagged.sum(), 1), hit / max(potential.sum(), 1)
    print(f"{potential.sum()} potential on {protocols[potential]['station'].nunique()} scanners, "
          f"{len(fleet.targets)} targets; plain rule: precision {precision:.3f}, "
          f"recall {recall:.3f}")  # fmt: skip
    assert precision >= 0.99
    assert recall >= 0.97
    changed = protocols[protocols["course"].isin(["changed", "relapsed"])]
    print(f"NEX of the changed {changed['nex'].mean():.2f} -> {changed['nex_after'].mean():.2f}, "
          f"averaging {changed['averaging'].mean():.2f} -> "
          f"{changed['averaging_after'].mean():.2f}")  # fmt: skip
    _print_volumes(truth)


def _print_volumes(truth: FleetTruth) -> None:
    series, exams, protocols = truth.series, truth.exams, truth.protocols
    counted = series[series["is_counted"]]
    volume = counted.groupby(["station", "protocol"]).size()
    total = len(protocols)
    low, tiny = total - (volume >= 20).sum(), total - (volume >= 8).sum()
    print(f"{len(exams)} studies, {len(series)} series, {len(counted)} counted; {total} protocols,"
          f" below 20 a year {low / total:.0%}, below 8 {tiny / total:.0%}")  # fmt: skip
    sizes = exams.groupby("station").size()
    print(f"studies a scanner: {sizes.min()} .. {sizes.median():.0f} .. {sizes.max()}")
    print(f"overrides {counted['is_override'].mean():.1%}, rescans "
          f"{counted['is_rescan'].mean():.1%}; span {exams['span_s'].median():.0f} s, scanned "
          f"{exams['scan_time_sum_s'].median():.0f} s")  # fmt: skip
    harmed = protocols[protocols["harmed"]][["station", "protocol", "changed_on", "relapsed_on"]]
    joined = counted.merge(harmed, on=["station", "protocol"])
    after = joined["study_date"] >= joined["changed_on"]
    rates = joined.groupby(after)["is_rescan"].mean().round(3).to_dict()
    print(f"{len(harmed)} harmed protocols, {len(joined)} series, repeats by after: {rates}")


def main() -> None:
    """Run the checks."""
    numbers = [int(a) for a in sys.argv[1:]]
    begin = time.perf_counter()
    fleet = UniversityNetwork(*(numbers or [1]))
    print(f"built in {time.perf_counter() - begin:.2f} s")
    truth = fleet.truth()
    print(f"truth in {time.perf_counter() - begin:.2f} s")
    check_truth(fleet, truth)
    again = pickle.loads(pickle.dumps(fleet))
    day = fleet.start + dt.timedelta(200)
    assert again.studies(day) == fleet.studies(day)
    check_headers(fleet, truth, range(0, 364, 26))


if __name__ == "__main__":
    main()

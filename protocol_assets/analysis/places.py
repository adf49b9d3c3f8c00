"""The place of a scanner: one history for the devices that stood there one after the other.

A new main board has a new serial number, and so has the scanner that replaces an old one. Both take
the place over, under the newest key. What an old device of another model did says nothing of how
the new one is set, so that the day of such a replacement counts as a change.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

from protocol_assets.analysis.limits import limit

__all__ = ["newest_keys", "replaced_on", "replacements"]

_SAME_SCANNER: Final = ["pacs", "station_code", "vendor", "model"]
_SAME_PLACE: Final = ["site", "station_code", "vendor"]
_SERIES: Final = ["device_key", "protocol_key"]


def newest_keys(frame: pd.DataFrame) -> dict[str, str]:
    """Device key -> the newest key of the same place, for devices that a newer one follows.

    Two devices are one scanner where PACS, station name, vendor and model agree; they are one
    place where site (as the governance file names it), station name and vendor agree, whatever the
    model. In both cases their days must follow one upon the other. A station name that several
    scanners use at a time joins none of them, and neither does a device under several names.
    Governance can join any others (``scanner_rules.csv``); those have one key already.

    Args:
        frame: ``study_date``, ``device_key``, ``pacs``, ``station_code``, ``site``, ``vendor`` and
            ``model``.
    """
    same = _newer(
        frame,
        _SAME_SCANNER,
        overlap=limit("same_station_overlap"),
        gap=limit("same_station_gap"),
    )
    joined = frame[["study_date", *_SAME_PLACE]].assign(
        device_key=frame["device_key"].replace(same)
    )
    place = _newer(joined, _SAME_PLACE, overlap=0, gap=limit("replacement_gap"))
    return place | {old: place.get(new, new) for old, new in same.items()}


def _newer(frame: pd.DataFrame, place: list[str], *, overlap: float, gap: float) -> dict[str, str]:
    """The newest key by older key where the devices of a place follow one upon the other.

    Args:
        frame: The acquisitions.
        place: The columns that name a place.
        overlap: Days that an old and a new device may share.
        gap: Days that a place may be silent.
    """
    seen = (
        frame.dropna(subset=place)
        .groupby([*place, "device_key"])["study_date"]
        .agg(["min", "max"])
        .reset_index()
        .sort_values([*place, "min", "device_key"])
    )
    # Station names do not identify a device that appears under several of them.
    seen = seen[~seen["device_key"].duplicated(keep=False)]
    newest: dict[str, str] = {}
    for _, devices in seen.groupby(place, sort=False):
        # The last day so far: a device may outlive the next one.
        until = devices["max"].cummax().iloc[:-1].to_numpy()
        pauses = (devices["min"].iloc[1:].to_numpy() - until).astype("timedelta64[D]").astype(int)
        # Devices that share a day are in use at the same time.
        is_apart = (pauses >= -overlap).all() if overlap else (pauses > 0).all()
        if len(devices) < 2 or not is_apart or (pauses > gap).any():
            continue
        keys = [str(key) for key in devices["device_key"]]
        newest |= dict.fromkeys(keys[:-1], keys[-1])
    return newest


def replaced_on(frame: pd.DataFrame) -> pd.Series:
    """First day of the model that stands at a place now, by ``device_key``; others are left out.

    A model that came and went, or that headers name beside another, replaces none.

    Args:
        frame: From ``prepared``.
    """
    known = frame.dropna(subset=["model"])
    spans = known.groupby(["device_key", "model"])["study_date"].agg(["min", "max", "nunique"])
    spans = spans.reset_index().sort_values(["device_key", "min", "model"])
    days: dict[str, pd.Timestamp] = {}
    for device, models in spans.groupby("device_key", sort=True):
        last = models.iloc[-1]
        is_after = (models["max"].iloc[:-1] < last["min"]).all()
        if len(models) > 1 and is_after and last["nunique"] >= limit("replacement_least_days"):
            days[str(device)] = last["min"]
    return pd.Series(days, dtype="datetime64[us]", name="replaced_on").rename_axis("device_key")


def replacements(frame: pd.DataFrame) -> pd.DataFrame:
    """``device_key``, ``protocol_key`` and ``changed_on`` of every protocol of a replaced device.

    Args:
        frame: From ``prepared``.
    """
    series = frame[_SERIES].drop_duplicates()
    found = series.join(replaced_on(frame).rename("changed_on"), on="device_key", how="inner")
    return found.sort_values(_SERIES).reset_index(drop=True)

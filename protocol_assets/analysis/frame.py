"""The acquisitions as the analysis reads them: checked, typed, one key per scanner.

Every function of this package takes a frame that ``prepared`` has made. Absent stays absent: NaN in
numbers, None in terms, NaT in days.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.places import newest_keys
from protocol_assets.analysis.spec import AnalysisSpec

__all__ = [
    "SERIES",
    "eligible",
    "group_indices",
    "prepared",
    "reported",
    "volume_per_month",
]

SERIES: Final = ["device_key", "protocol_key"]
"""The key of a scanner protocol: a protocol on a scanner."""

_TERMS: Final = (
    "acquisition_key",
    "exam_key",
    "patient_key",
    "device_key",
    "protocol_key",
    "label_code",
    "station_code",
    "site",
    "software_code",
    "pacs",
    "vendor",
    "model",
    "repeat_kind",
)
"""What every modality's acquisitions have."""


def prepared(acquisitions: pd.DataFrame, spec: AnalysisSpec) -> pd.DataFrame:
    """A typed copy of a modality's acquisitions with what the analysis adds.

    Rows without a device or protocol key belong to no scanner protocol and are left out. A scanner
    whose serial number changed, or that was replaced, keeps one key: the newest (see ``places``).

    Args:
        acquisitions: A row per acquisition, for MR ``fct_acquisition``.
        spec: What the analysis needs to know of the modality; its ``derive`` adds columns.

    Raises:
        ValueError: A column is missing, or an acquisition occurs twice in the frame.
    """
    terms = dict.fromkeys((*_TERMS, *spec.terms))
    missing = [
        name
        for name in ("study_date", *terms, *spec.renamed.values(), *spec.numbers, *spec.flags)
        if name not in acquisitions.columns
    ]
    if missing:
        raise ValueError(f"the acquisitions lack the columns {', '.join(missing)}")
    data: dict[str, pd.Series] = {
        "study_date": pd.to_datetime(acquisitions["study_date"]).astype("datetime64[us]"),
    }
    data |= {name: acquisitions[name].astype(object) for name in terms}
    data |= {name: acquisitions[of].astype(object) for name, of in spec.renamed.items()}
    data |= {name: pd.to_numeric(acquisitions[name]).astype(float) for name in spec.numbers}
    data |= {name: acquisitions[name].fillna(False).astype(bool) for name in spec.flags}
    frame = pd.DataFrame(data)
    words = [*terms, *spec.renamed]
    frame[words] = frame[words].where(frame[words].notna(), None)
    frame = frame[frame["device_key"].notna() & frame["protocol_key"].notna()]
    frame = frame[frame["study_date"].notna()]
    if frame["acquisition_key"].duplicated().any():
        raise ValueError("an acquisition_key occurs twice; read acquisitions, not series")
    frame["device_key"] = frame["device_key"].replace(newest_keys(frame))
    frame = spec.derive(frame)
    order = ["device_key", "protocol_key", "study_date", "exam_key", "acquisition_key"]
    return frame.sort_values(order, kind="stable").reset_index(drop=True)


def eligible(frame: pd.DataFrame) -> pd.DataFrame:
    """The acquisitions that have a vote on the measure; a rescan has none."""
    return frame[frame["is_eligible"] & (frame["repeat_kind"] != "rescan")]


def reported(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows in which a column is reported."""
    return frame[frame[column].notna()]


def group_indices(
    frame: pd.DataFrame, by: list[str]
) -> dict[tuple[object, ...], npt.NDArray[np.intp]]:
    """Row positions of every group of a frame, groups with an absent key left out."""
    indices = frame.groupby(by, sort=True).indices
    return {
        key if isinstance(key, tuple) else (key,): np.asarray(rows, dtype=np.intp)
        for key, rows in indices.items()
    }


def volume_per_month(frame: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    """Acquisitions a month of every scanner protocol: the mean of the last closed months.

    Closed are the calendar months that ended by ``as_of`` and of which the frame holds data; fewer
    than the limit are used where there are no more, and NaN says that no month has closed. A month
    counts from the first day of the series' scanner on, so that a new scanner is not diluted.
    """
    closed = (as_of + pd.Timedelta(days=1)).to_period("M") - 1
    month = frame["study_date"].dt.to_period("M")
    first_of_device = month.groupby(frame["device_key"]).transform("min")
    wanted = closed - int(limit("volume_months")) + 1
    counts = frame[(month >= wanted) & (month <= closed)].groupby(SERIES).size()
    series = frame.groupby(SERIES).size().index
    begun = pd.Series(
        first_of_device.groupby([frame["device_key"], frame["protocol_key"]]).first()
    ).reindex(series)
    whole = begun.where(begun > wanted, wanted)
    months = pd.Series([max(closed.ordinal - one.ordinal + 1, 0) for one in whole], index=series)
    volume: pd.Series = counts.reindex(series, fill_value=0).div(months.where(months > 0))
    return volume.rename("volume")

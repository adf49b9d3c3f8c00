"""The acquisitions as the analysis reads them: checked, typed, one key per scanner.

Every function of this room takes a frame that ``prepared`` has made. Absent stays absent: NaN in
numbers, None in terms, NaT in days.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol_assets.analysis.averaging import acceleration, averaging, least_averaging
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.places import newest_keys

__all__ = ["SERIES", "Floats", "eligible", "group_indices", "prepared", "told", "volume_per_month"]

Floats = npt.NDArray[np.float64]

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
    "coil_code",
    "pacs",
    "vendor",
    "model",
    "role",
    "weighting",
    "fat_suppression",
    "dimension",
    "reconstruction",
    "trajectory",
    "sequence_family",
    "effective_averages_state",
    "scan_time_method",
    "scan_time_confidence",
    "repeat_kind",
)
_NUMBERS: Final = (
    "field_strength_class_t",
    "nex",
    "nex_min",
    "nex_max",
    "effective_averages",
    "scan_time_s",
    "scan_time_formula_s",
    "start_offset_s",
    "tr_ms",
    "tr_ms_min",
    "tr_ms_max",
    "te_ms",
    "te_ms_min",
    "te_ms_max",
    "ti_ms",
    "flip_angle_deg",
    "echo_train_length",
    "phase_encoding_steps",
    "matrix_frequency",
    "matrix_phase",
    "rows",
    "columns",
    "pixel_spacing_row_mm",
    "pixel_spacing_column_mm",
    "slice_thickness_mm",
    "slice_spacing_mm",
    "phase_oversampling_percent",
    "partial_fourier_fraction",
    "bandwidth_hz_per_px",
    "acceleration_in_plane",
    "acceleration_out_of_plane",
    "number_of_slices",
)
_OF_PROTOCOL: Final = {"anatomy": "protocol_anatomy", "contrast_phase": "protocol_contrast"}
"""What the analysis calls the region and phase of the protocol; an exam's text may say others."""
_FLAGS: Final = ("is_nex_eligible", "no_phase_wrap")


def prepared(acquisitions: pd.DataFrame) -> pd.DataFrame:
    """A typed copy of ``fct_acquisition`` with what the analysis adds.

    Rows without a device or protocol key belong to no scanner protocol and are left out. A scanner
    whose serial number changed, or that was replaced, keeps one key: the newest (see ``places``).
    Added columns: ``voxel_mm3`` (acquired: field of view / acquisition matrix x thickness),
    ``pixel_volume_mm3`` (as reconstructed), ``averaging``, ``least_averaging`` and
    ``acceleration``.

    Raises:
        ValueError: A column is missing, or an acquisition stands in the frame twice.
    """
    missing = [
        name
        for name in ("study_date", *_TERMS, *_OF_PROTOCOL.values(), *_NUMBERS, *_FLAGS)
        if name not in acquisitions.columns
    ]
    if missing:
        raise ValueError(f"the acquisitions lack the columns {', '.join(missing)}")
    data: dict[str, pd.Series] = {
        "study_date": pd.to_datetime(acquisitions["study_date"]).astype("datetime64[us]"),
    }
    data |= {name: acquisitions[name].astype(object) for name in _TERMS}
    data |= {name: acquisitions[of].astype(object) for name, of in _OF_PROTOCOL.items()}
    data |= {name: pd.to_numeric(acquisitions[name]).astype(float) for name in _NUMBERS}
    data |= {name: acquisitions[name].fillna(False).astype(bool) for name in _FLAGS}
    frame = pd.DataFrame(data)
    terms = [*_TERMS, *_OF_PROTOCOL]
    frame[terms] = frame[terms].where(frame[terms].notna(), None)
    frame = frame[frame["device_key"].notna() & frame["protocol_key"].notna()]
    frame = frame[frame["study_date"].notna()]
    if frame["acquisition_key"].duplicated().any():
        raise ValueError("an acquisition_key occurs twice; read fct_acquisition, not fct_series")
    frame["device_key"] = frame["device_key"].replace(newest_keys(frame))
    frame.loc[_is_unsaturated(frame), "fat_suppression"] = "none"
    area = frame["rows"] * frame["pixel_spacing_row_mm"] * frame["columns"]
    area *= frame["pixel_spacing_column_mm"]
    acquired = frame["matrix_frequency"] * frame["matrix_phase"]
    frame["voxel_mm3"] = area / acquired * frame["slice_thickness_mm"]
    frame["pixel_volume_mm3"] = (
        frame["pixel_spacing_row_mm"]
        * frame["pixel_spacing_column_mm"]
        * frame["slice_thickness_mm"]
    )
    frame["averaging"], frame["least_averaging"] = averaging(frame), least_averaging(frame)
    frame["acceleration"] = acceleration(frame)
    order = ["device_key", "protocol_key", "study_date", "exam_key", "acquisition_key"]
    return frame.sort_values(order, kind="stable").reset_index(drop=True)


def eligible(frame: pd.DataFrame) -> pd.DataFrame:
    """The acquisitions whose averages have a vote: original, no diffusion, no rescan."""
    return frame[frame["is_nex_eligible"] & (frame["repeat_kind"] != "rescan")]


def told(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows that tell a column."""
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


def _is_unsaturated(frame: pd.DataFrame) -> pd.Series:
    """Acquisitions that name no fat suppression, on scanners that name it where it is on.

    Some makers list it in Scan Options and some never do; the scanner's own other protocols tell.
    """
    names = frame["fat_suppression"].isin(("fat_saturation", "water_excitation"))
    often = names.groupby(frame["device_key"]).transform("sum") >= limit("least_n")
    return frame["fat_suppression"].isna() & often

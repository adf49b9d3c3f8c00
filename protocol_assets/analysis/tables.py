"""All that the analysis knows as of a day: the tables that SQL joins, counts and ranks.

Their columns, with types, units and meaning, stand in ``data/analysis_columns.csv``.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

import pandas as pd
import pyarrow as pa

from protocol_assets.analysis.change_points import protocol_changes
from protocol_assets.analysis.drift import compliance
from protocol_assets.analysis.exam_shifts import exam_shifts
from protocol_assets.analysis.frame import SERIES, prepared
from protocol_assets.analysis.history import last_days, potential_by_month
from protocol_assets.analysis.limits import limit
from protocol_assets.analysis.places import replaced_on, replacements
from protocol_assets.analysis.potential import potential
from protocol_assets.analysis.spec import AnalysisSpec, Measure
from protocol_assets.analysis.verification import change_verification
from protocol_assets.data import data_version, read_table

__all__ = ["TABLES", "analysis_schema", "analysis_tables", "analysis_version", "registered_changes"]

_COLUMNS: Final = "analysis_columns.csv"
_REVISION: Final = "4"
"""Raised when the code gives other results from the same data files."""

_TYPES: Final = {
    "string": pa.string(),
    "double": pa.float64(),
    "bigint": pa.int64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}

TABLES: Final = tuple(dict.fromkeys(row["table"] for row in read_table(_COLUMNS)))
"""Names of the tables."""


def analysis_tables(
    spec: AnalysisSpec,
    acquisitions: pd.DataFrame,
    exams: pd.DataFrame,
    targets: pd.DataFrame,
    register: pd.DataFrame,
    as_of: pd.Timestamp | None = None,
) -> dict[str, pa.Table]:
    """Time model, potential, changes, verification, exam shifts and compliance as of a day.

    Args:
        spec: What the analysis needs to know of the modality.
        acquisitions: ``fct_acquisition``; later days are not read.
        exams: ``fct_exam``.
        targets: The hospital's targets.
        register: The hospital's findings.
        as_of: The last day that counts; None for the last one there is.

    Returns:
        By name in ``TABLES``, with the columns of ``analysis_schema``; without rows where there is
        nothing to tell.
    """
    frame = prepared(acquisitions, spec)
    as_of = frame["study_date"].max() if as_of is None else as_of
    frame = frame[frame["study_date"] <= as_of].reset_index(drop=True)
    if frame.empty:
        return {name: analysis_schema(name).empty_table() for name in TABLES}
    devices = _devices(acquisitions, frame)
    known = register.assign(device_key=register["device_key"].replace(devices))
    registered = registered_changes(known, spec.measure)
    model = spec.fit_cost(frame)
    changes = protocol_changes(frame, spec)
    replaced = replacements(frame)
    on_purpose = last_days(pd.concat([known, replaced], ignore_index=True), as_of)
    departing = compliance(frame, spec, targets, as_of, since=on_purpose)
    all_changes = pd.concat([known, changes.changes, replaced], ignore_index=True)
    found = {
        "as_of": _day(as_of, frame),
        "devices": pd.DataFrame(
            {"device_key": list(devices), "analysed_as": list(devices.values())}
        ).join(replaced_on(frame), on="analysed_as"),
        "time_model": model.groups,
        "time_model_series": model.series,
        "potential": potential(
            frame, spec, targets, model, as_of, since=last_days(all_changes, as_of)
        ),
        "potential_by_month": potential_by_month(frame, spec, targets, model, as_of, all_changes),
        "changes": changes.changes,
        "watched": changes.series,
        "verification": change_verification(frame, spec, changes, registered, model, as_of),
        "exam_shifts": exam_shifts(frame, spec, changes, exams, registered, as_of),
        "compliance": departing.findings,
        "compliance_watched": departing.series,
    }
    return {name: _table(name, found[name]) for name in TABLES}


def registered_changes(register: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """The changes of a measure that the hospital registered, one a day of a scanner protocol.

    Where several findings led to one change, the one that promised minutes stands for it.
    """
    changed = register[register["changed_on"].notna() & register["parameter"].isin(measure.columns)]
    ordered = changed.sort_values("promised_minutes_per_month", na_position="last", kind="stable")
    return ordered.drop_duplicates([*SERIES, "changed_on"]).reset_index(drop=True)


@cache
def analysis_schema(name: str) -> pa.Schema:
    """The Arrow schema of a table, with units and descriptions.

    Raises:
        KeyError: There is no such table.
    """
    rows = [row for row in read_table(_COLUMNS) if row["table"] == name]
    if not rows:
        raise KeyError(name)
    return pa.schema(
        pa.field(
            row["column"],
            _TYPES[row["type"]],
            metadata={"description": row["description"]}
            | ({"unit": row["unit"]} if row["unit"] else {}),
        )
        for row in rows
    )


def analysis_version(spec: AnalysisSpec) -> str:
    """Version of the analysis of a modality, carried by its tables."""
    stated = repr((spec.measure, spec.parameters())).encode()
    own = hashlib.sha256(stated).hexdigest()[:12]
    return f"{_REVISION}-{data_version('analysis_limits.csv', _COLUMNS)}-{own}"


def _day(as_of: pd.Timestamp, frame: pd.DataFrame) -> pd.DataFrame:
    """The day, and the windows that it opens."""
    month = pd.offsets.MonthBegin()
    volume_before = month.rollback(as_of + pd.Timedelta(days=1))
    row = {
        "as_of": as_of,
        "current_from": as_of - pd.Timedelta(days=limit("current_days") - 1),
        "volume_from": volume_before - int(limit("volume_months")) * month,
        "volume_before": volume_before,
        "first_day": frame["study_date"].min(),
        "n_acquisitions": len(frame),
    }
    return pd.DataFrame([row])


def _devices(acquisitions: pd.DataFrame, frame: pd.DataFrame) -> dict[str, str]:
    """Every scanner of the frame, by each key that its acquisitions have: its newest key."""
    keys = acquisitions[["acquisition_key", "device_key"]]
    both = frame[["acquisition_key", "device_key"]].rename(columns={"device_key": "analysed_as"})
    pairs = keys.merge(both, on="acquisition_key").drop_duplicates(["device_key", "analysed_as"])
    return dict(pairs.sort_values("device_key")[["device_key", "analysed_as"]].to_numpy())


def _table(name: str, frame: pd.DataFrame) -> pa.Table:
    schema = analysis_schema(name)
    columns = [
        # pandas makes numbers of a column without any value.
        pa.nulls(len(frame), field.type)
        if frame[field.name].isna().all()
        else pa.array(frame[field.name], from_pandas=True).cast(field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)

"""docs/data-dictionary.md, from the specifications."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydicom.uid import UID

from protocol_assets.deidentify.policy import FactColumn, fact_columns, terms
from protocol_assets.dicom.bounds import bounds_of
from protocol_assets.dicom.columns import SeriesColumn, series_columns
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.modalities.registry import MODALITIES

TARGET = Path(__file__).parents[1] / "data-dictionary.md"

_SUFFIXES = """\
A column whose value may vary over the frames of a series contains the mode, or the smallest of
several modes. Further columns contain `_min` and `_max` for numbers, and `_distinct`, the number of
distinct values. `dirty_values` counts the values of a series that were present but could not be
read as their type, and `dirty_columns` names their columns.
"""
_ACTIONS = {
    "key": "keyed pseudonym, domain {}",
    "term": "a defined term of {}",
    "number": "number {}",
    "day": "cut to the day",
    "flag": "true or false",
    "partition": "the partition's PACS",
}


def outputs() -> dict[Path, str]:
    """The document."""
    return {TARGET: text()}


def text() -> str:
    """The whole document."""
    parts = [
        "# Data dictionary",
        "",
        "`make generate` makes this page from `series_columns.csv` and `facts_columns.csv` in",
        "`protocol_assets/modalities/mr/data`; edit those files, not this page.",
        "",
        "## Modalities",
        "",
        *_modalities(),
        "## series (restricted)",
        "",
        _SUFFIXES,
        *_series(series_columns(MR.series_columns)),
        "## series_facts (safe)",
        "",
        "Only these columns leave the restricted zone.",
        "",
        *_facts(fact_columns(MR.facts_columns)),
    ]
    return "\n".join(parts) + "\n"


def _modalities() -> Iterator[str]:
    yield "| code | data set | SOP classes counted | metadata requested of | measure |"
    yield "| --- | --- | --- | --- | --- |"
    for one in MODALITIES:
        classes = ", ".join(sorted(UID(uid).name for uid in one.sop_classes))
        retrieved = one.retrieval.replace("_", " ")
        measure = one.analysis.measure.name
        yield f"| {one.code} | {one.data_set} | {classes} | {retrieved} | {measure} |"
    yield ""


def _series(columns: Iterable[SeriesColumn]) -> Iterator[str]:
    group = ""
    for column in columns:
        if column.group != group:
            if group:
                yield ""
            group = column.group
            yield f"### {group.capitalize()}"
            yield ""
            yield "| column | type | statistic | unit | description |"
            yield "| --- | --- | --- | --- | --- |"
        kind = f"{column.type}, the first of several" if column.takes_first else column.type
        yield (
            f"| {column.name} | {kind} | {column.statistic} | {column.unit} "
            f"| {column.description} |"
        )
    yield ""


def _facts(columns: Iterable[FactColumn]) -> Iterator[str]:
    yield "| column | type | unit | how it passes | made from | description |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for column in columns:
        passes = _ACTIONS[column.action].format(column.argument)
        if column.action == "term":
            passes += f" ({len(terms(column.argument))})"
        bounds = bounds_of(column.source) if column.action == "number" else None
        if bounds is not None:
            passes += f", at most {bounds.upper:g}"
        yield (
            f"| {column.name} | {column.type} | {column.unit} | {passes} | {column.source} "
            f"| {column.description} |"
        )

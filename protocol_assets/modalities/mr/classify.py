"""The bench for whoever edits the rules: what they make of a CSV of series descriptions.

Each line stands for one series, alone: nothing is known of its exam but what the line says.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import TextIO

import pyarrow as pa

from protocol_assets.dicom.columns import series_columns, series_schema
from protocol_assets.modalities.mr.roles.contrast import contrast_evidence, stated_phase
from protocol_assets.modalities.mr.roles.fat_suppression import dimension_named, fat_suppression
from protocol_assets.modalities.mr.roles.roles import found_role
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.modalities.mr.vendors.sequence import dimension, sequence_family
from protocol_assets.modalities.shared.anatomy import anatomy
from protocol_assets.modalities.shared.header_texts import exam_texts, series_texts
from protocol_assets.modalities.shared.row import Row
from protocol_assets.modalities.shared.scanners import identify
from protocol_assets.plain_text import write_csv

__all__ = ["RESULTS", "UnreadableListError", "classified", "series_of", "write_classified"]

RESULTS = (
    "role",
    "plane",
    "weighting",
    "contrast",
    "anatomy",
    "dimension",
    "fat_suppression",
    "role_evidence",
    "role_confidence",
    "role_conflict",
    "anatomy_evidence",
)

_REQUIRED = "SeriesDescription"


class UnreadableListError(ValueError):
    """The CSV cannot be read; the message says in which line and what to do."""


def write_classified(lines: Iterable[str], out: TextIO) -> str:
    """Write a CSV of series, classified, as CSV: the description, then ``RESULTS``.

    Args:
        lines: What ``series_of`` reads; nothing is written where it cannot.
        out: Where the answer goes.

    Returns:
        One sentence that counts.
    """
    series = list(series_of(lines))
    found = [classified(row) for row in series]
    rows = (
        (row.get(_REQUIRED), *result.values()) for row, result in zip(series, found, strict=True)
    )
    write_csv(out, (_REQUIRED, *RESULTS), rows)
    known = sum(result["role"] is not None for result in found)
    high = sum(result["role_confidence"] == "high" for result in found)
    conflicts = sum(result["role_conflict"] is True for result in found)
    return (
        f"{len(found)} series: {known} with a role, {high} of high confidence, "
        f"{conflicts} where text and physics disagree"
    )


def series_of(lines: Iterable[str]) -> Iterator[Row]:
    """The series rows of a CSV whose header holds SeriesDescription and other DICOM keywords.

    Values are written as in DICOM: several values with a backslash between them. Columns that are
    no columns of ``series`` are left out.

    Raises:
        UnreadableListError: No such header, a line of another length, or a word for a number.
    """
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if _REQUIRED not in header:
            raise UnreadableListError(
                f"line 1: no column {_REQUIRED}; the first line names the columns, "
                "in DICOM keywords, separated by commas"
            )
        for values in reader:
            if not values:
                continue
            if len(values) != len(header):
                raise UnreadableListError(
                    f"line {reader.line_num}: {len(values)} values for {len(header)} columns; "
                    "put values that hold a comma into quotation marks"
                )
            yield _row(zip(header, values, strict=True), reader.line_num)
    except csv.Error as error:
        raise UnreadableListError(f"line {reader.line_num}: {error}") from None


def classified(row: Row) -> dict[str, object]:
    """What the rules make of one series; the keys are ``RESULTS``."""
    vendor, family, measured = identify(row), sequence_family(row), dimension(row)
    texts, of_exam = series_texts(row, vendor), exam_texts(row, vendor)
    found = found_role(row, texts, family, measured)
    region, region_evidence = anatomy(row, texts, of_exam)
    return {
        "role": found.role,
        "plane": found.plane,
        "weighting": found.weighting,
        "contrast": stated_phase(contrast_evidence(row, texts, of_exam, None)),
        "anatomy": region,
        "dimension": measured or dimension_named(texts),
        "fat_suppression": fat_suppression(row, texts, found.weighting, vendor),
        "role_evidence": found.evidence,
        "role_confidence": found.confidence,
        "role_conflict": found.is_conflict,
        "anatomy_evidence": region_evidence,
    }


def _row(values: Iterable[tuple[str, str]], line: int) -> Row:
    row: dict[str, object] = {}
    schema = series_schema(MR.series_columns)
    for column, raw in values:
        index, value = schema.get_field_index(column), raw.strip()
        if index < 0 or not value:
            continue
        try:
            row[column] = _typed(schema.types[index], value)
        except ValueError:
            raise UnreadableListError(f"line {line}: {column} must hold numbers") from None
    for stated in series_columns(MR.series_columns):
        if stated.has_range and stated.name in row:
            row = dict.fromkeys(stated.range_names, row[stated.name]) | row
    return row


def _typed(kind: pa.DataType, value: str) -> object:
    if pa.types.is_list(kind):
        return [float(part) for part in value.split("\\")]
    return float(value) if pa.types.is_integer(kind) or pa.types.is_floating(kind) else value

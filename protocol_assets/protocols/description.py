"""The derived columns of every series of one cell, computed where texts and clock times exist.

One pass over the rows reads what a series tells by itself; acquisitions, exams and contrast phases
then need the cell as a whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from protocol_assets.data import data_version
from protocol_assets.protocols.acquisition import acquisition_id, acquisition_start, joined
from protocol_assets.protocols.anatomy import anatomy
from protocol_assets.protocols.contrast import (
    ContrastEvidence,
    contrast_evidence,
    contrast_phases,
    has_contrast_agent,
)
from protocol_assets.protocols.counting import (
    Candidate,
    derived_only,
    exclusion_reason,
    object_class,
)
from protocol_assets.protocols.exam import ExamPlace, Scan, place_in_exams
from protocol_assets.protocols.roles import fat_suppression, is_localizer, plane, role, weighting
from protocol_assets.vendors.acceleration import acceleration
from protocol_assets.vendors.averages import averages, effective_averages
from protocol_assets.vendors.identify import device_id, field_strength_t, identify, model
from protocol_assets.vendors.reconstruction import reconstruction
from protocol_assets.vendors.row import Row, numbers, text
from protocol_assets.vendors.scan_time import scan_time
from protocol_assets.vendors.sequence import dimension, matrix, sequence_family
from protocol_assets.vendors.texts import exam_texts, series_texts

__all__ = ["describe_cell", "rules_version"]

# Raised when the meaning of a derived column changes although no rule file does.
_RULES_REVISION = 1
# Exclusion reasons of scans the patient lay still for; localizers span the exam, but do not count.
_ORIGINAL = (None, "localizer")
_RULE_FILES = (
    "anatomy_body_parts.csv",
    "anatomy_text.csv",
    "contrast_text.csv",
    "counting_image_types.csv",
    "counting_sop_classes.csv",
    "role_image_types.csv",
    "role_text.csv",
    "vendors_durations.csv",
    "vendors_manufacturers.csv",
    "vendors_phase_steps.csv",
    "vendors_protocol_name.csv",
    "vendors_reconstruction.csv",
)


@dataclass(slots=True)
class _Series:
    """One series between the passes: its columns so far and what the cell needs to know of it."""

    columns: dict[str, object]
    start: datetime | None
    reason: str | None
    scan_time_s: float | None
    patient: str | None
    device: str | None
    study: str | None
    acquisition: str | None
    name: str | None
    contrast: ContrastEvidence
    is_image: bool


def rules_version() -> str:
    """Version of the rules behind the derived columns, the ``rules_version`` that cells carry."""
    return f"{_RULES_REVISION}-{data_version(*_RULE_FILES)}"


def describe_cell(rows: Sequence[Row]) -> list[dict[str, object]]:
    """For each series row of one cell (study day x PACS), in order, the derived columns.

    Args:
        rows: Rows of ``series``: column name to value, None where absent.

    Returns:
        One mapping for each row, with the derived columns (lower-case ``source``) of
        ``facts_columns.csv``; None where the header does not tell. The ``*_id`` are plain
        identifiers: they belong to the restricted zone and leave it keyed.
    """
    cell = [_read(row) for row in rows]
    _count(cell)
    places = place_in_exams([_as_scan(series) for series in cell])
    for series, place in zip(cell, places, strict=True):
        _add_exam(series, place)
    _add_contrast_phases(cell, places)
    return [series.columns for series in cell]


def _read(row: Row) -> _Series:
    vendor, found = identify(row), object_class(row)
    family, dimensions = sequence_family(row), dimension(row)
    counted, factors = averages(row), acceleration(row, vendor)
    is_image = found.exclusion_reason is None
    texts, of_exam = series_texts(row, vendor), exam_texts(row, vendor)
    localizer = is_image and is_localizer(row, texts, family, dimensions)
    reason = exclusion_reason(row, found, localizer)
    time = (
        scan_time(
            row,
            vendor=vendor,
            family=family,
            dimension=dimensions,
            averages=counted,
            acceleration=factors,
        )
        if is_image
        else None
    )
    # A derived series carries its source's parameters: what they add up to is no scan of its own.
    if time is not None and time.method == "formula" and reason not in _ORIGINAL:
        time = None
    start, device, patient = acquisition_start(row), device_id(row), _patient_id(row)
    acquisition = acquisition_id(row, device_id=device, start=start, nex=counted.nex)
    slice_plane, weight = plane(row, texts), weighting(row, texts, family, dimensions)
    frequency, phase = matrix(row)
    spacing = numbers(row, "PixelSpacing")
    columns: dict[str, object] = {
        "patient_id": patient,
        "acquisition_id": acquisition,
        "device_id": device,
        "label_text": text(row, "ProtocolName") or text(row, "SeriesDescription"),
        "sop_class": found.sop_class,
        "encoding": found.encoding,
        "vendor": vendor,
        "model": model(row),
        "field_strength_t": field_strength_t(row),
        "role": role(localizer, slice_plane, weight),
        "plane": slice_plane,
        "weighting": weight,
        "anatomy": anatomy(row, texts, of_exam),
        "fat_suppression": fat_suppression(row, texts, weight, vendor),
        "dimension": dimensions,
        "reconstruction": reconstruction(row, vendor) if is_image else None,
        "sequence_family": family,
        "nex": counted.nex,
        "nex_min": counted.nex_min,
        "nex_max": counted.nex_max,
        "nex_distinct": counted.distinct,
        "nex_source": counted.source,
        "effective_averages": effective_averages(row, vendor, found.encoding, counted, factors[0]),
        "scan_time_s": time.seconds if time else None,
        "scan_time_method": time.method if time else None,
        "scan_time_confidence": time.confidence if time else None,
        "matrix_frequency": None if frequency is None else int(frequency),
        "matrix_phase": None if phase is None else int(phase),
        "pixel_spacing_row_mm": spacing[0] if len(spacing) == 2 and spacing[0] > 0 else None,
        "pixel_spacing_column_mm": spacing[1] if len(spacing) == 2 and spacing[1] > 0 else None,
        "acceleration_in_plane": factors[0],
        "acceleration_out_of_plane": factors[1],
        "has_contrast_agent": has_contrast_agent(row),
    }
    return _Series(
        columns=columns,
        start=start,
        reason=reason,
        scan_time_s=time.seconds if time else None,
        patient=patient,
        device=device,
        study=text(row, "StudyInstanceUID"),
        acquisition=acquisition,
        name=texts[0] if texts else None,
        contrast=contrast_evidence(row, texts, of_exam, start),
        is_image=is_image,
    )


def _count(cell: Sequence[_Series]) -> None:
    """Set ``exclusion_reason`` and ``is_derived_only``, which need the whole cell."""
    only = derived_only(
        [
            Candidate(
                reason=series.reason,
                study=series.study,
                acquisition_id=series.acquisition,
                name=series.name,
                start=series.start,
                scan_time_s=series.scan_time_s,
            )
            for series in cell
        ]
    )
    for series, is_only in zip(cell, only, strict=True):
        if is_only:
            series.reason = "localizer" if series.columns["role"] == "localizer" else None
        series.columns["is_derived_only"] = is_only and series.reason is None
        series.columns["exclusion_reason"] = series.reason


def _as_scan(series: _Series) -> Scan:
    return Scan(
        patient_id=series.patient,
        device_id=series.device,
        study=series.study,
        start=series.start,
        scan_time_s=series.scan_time_s,
        is_original=series.reason in _ORIGINAL,
    )


def _add_exam(series: _Series, place: ExamPlace) -> None:
    columns = series.columns
    columns["exam_id"] = place.exam_id
    columns["start_offset_s"] = place.start_offset_s
    if columns["scan_time_s"] is None and place.next_start_s is not None:
        columns["scan_time_s"] = place.next_start_s
        columns["scan_time_method"] = "next_start"
        columns["scan_time_confidence"] = "low"


def _add_contrast_phases(cell: Sequence[_Series], places: Sequence[ExamPlace]) -> None:
    exams: dict[str | None, list[_Series]] = defaultdict(list)
    for series, place in zip(cell, places, strict=True):
        if series.is_image:
            exams[place.exam_id].append(series)
        else:
            series.columns["contrast_phase"] = None
    for members in exams.values():
        phases = contrast_phases([series.contrast for series in members])
        for series, phase in zip(members, phases, strict=True):
            series.columns["contrast_phase"] = phase


def _patient_id(row: Row) -> str | None:
    patient = text(row, "PatientID")
    return None if patient is None else joined(text(row, "IssuerOfPatientID"), patient)

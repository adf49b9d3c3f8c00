"""The derived columns of every series of one partition, computed where texts and clock times exist.

One pass over the rows reads what a series tells by itself; what needs the partition as a whole
comes then (``partition``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from protocol_assets.data import data_version
from protocol_assets.modalities.mr.acquisitions.counting import (
    exclusion_reason,
    in_exported_exams,
    object_class,
)
from protocol_assets.modalities.mr.acquisitions.parts import look
from protocol_assets.modalities.mr.partition_context import complete
from protocol_assets.modalities.mr.roles.contrast import contrast_evidence, has_contrast_agent
from protocol_assets.modalities.mr.roles.fat_suppression import dimension_named, fat_suppression
from protocol_assets.modalities.mr.roles.roles import NO_ROLE, found_role
from protocol_assets.modalities.mr.series import ORIGINAL, Series
from protocol_assets.modalities.mr.vendors.measures import measures
from protocol_assets.modalities.mr.vendors.sequence import dimension, sequence_family
from protocol_assets.modalities.shared.anatomy import anatomy
from protocol_assets.modalities.shared.header_texts import exam_texts, series_texts
from protocol_assets.modalities.shared.identity import Identity, read_identities
from protocol_assets.modalities.shared.impossible import impossible_values, without_impossible
from protocol_assets.modalities.shared.row import Row, numbers, text
from protocol_assets.modalities.shared.scanners import field_strength_t, identify, model

__all__ = ["describe_partition", "rules_version"]

# Raised when the meaning of a derived column changes although no rule file does.
_RULES_REVISION = 8
_RULE_FILES = (
    "acquisition_parts.csv",
    "anatomy_body_parts.csv",
    "anatomy_text.csv",
    "anatomy_together.csv",
    "contrast_agent_words.csv",
    "contrast_text.csv",
    "counting_image_types.csv",
    "counting_sop_classes.csv",
    "exam_limits.csv",
    "field_strength_classes.csv",
    "identity_placeholders.csv",
    "impossible_values.csv",
    "person_titles.csv",
    "plausible_values.csv",
    "repeats_text.csv",
    "role_agreements.csv",
    "role_image_types.csv",
    "role_text.csv",
    "role_weightings_together.csv",
    "text_atoms.csv",
    "text_classes.csv",
    "text_scripts.csv",
    "vendors_acceleration.csv",
    "vendors_averages.csv",
    "vendors_durations.csv",
    "vendors_echo_train.csv",
    "vendors_fold_over.csv",
    "vendors_layouts.csv",
    "vendors_manufacturers.csv",
    "vendors_partial_fourier.csv",
    "vendors_phase_steps.csv",
    "vendors_protocol_name.csv",
    "vendors_reconstruction.csv",
    "vendors_sequence_names.csv",
    "vendors_series_numbers.csv",
    "vendors_trajectory.csv",
    "vocabulary_homoglyphs.csv",
    "vocabulary_words.csv",
)


def rules_version() -> str:
    """Version of the rules behind the derived columns: the ``rules_version`` of partitions."""
    return f"{_RULES_REVISION}-{data_version(*_RULE_FILES)}"


def describe_partition(rows: Sequence[Row], zone: tzinfo | None = None) -> list[dict[str, object]]:
    """For each series row of one partition (study day x PACS), in order, the derived columns.

    Args:
        rows: Rows of ``series``: column name to value, None where absent.
        zone: Time zone of the scanners; without it a change of daylight saving time shows only
            where the headers state their offset from UTC.

    Returns:
        One mapping for each row, with the derived columns (lower-case ``source``) of
        ``facts_columns.csv``; None where the header does not tell. The ``*_id`` are plain
        identifiers: they belong to the restricted zone and leave it keyed.
    """
    exported, identities = in_exported_exams(rows), read_identities(rows)
    partition = [
        _read(row, who, is_exported)
        for row, who, is_exported in zip(rows, identities, exported, strict=True)
    ]
    complete(partition, zone)
    return [series.columns for series in partition]


def _read(stated: Row, who: Identity, is_exported: bool) -> Series:
    row = without_impossible(stated)
    vendor, found = identify(row), object_class(row)
    family, dimensions = sequence_family(row), dimension(row)
    is_image = found.exclusion_reason is None
    texts, of_exam = series_texts(row, vendor), exam_texts(row, vendor)
    role = found_role(row, texts, family, dimensions) if is_image else NO_ROLE
    region, region_evidence = anatomy(row, texts, of_exam)
    reason = exclusion_reason(row, found, role.role == "localizer")
    is_original = is_exported or reason in ORIGINAL
    measured = measures(
        row,
        texts,
        vendor=vendor,
        encoding=found.encoding,
        family=family,
        dimension=dimensions,
        is_image=is_image,
        is_original=is_original,
    )
    time = without_impossible(measured)["scan_time_s"]
    spacing = numbers(row, "PixelSpacing")
    columns: dict[str, object] = {
        "patient_id": who.patient_id,
        "device_id": who.device_id,
        "label_text": text(row, "ProtocolName") or text(row, "SeriesDescription"),
        "sop_class": found.sop_class,
        "encoding": found.encoding,
        "vendor": vendor,
        "model": model(row),
        "field_strength_t": field_strength_t(row),
        "role": role.role,
        "role_evidence": role.evidence,
        "role_confidence": role.confidence,
        "role_conflict": role.is_conflict,
        "plane": role.plane,
        "weighting": role.weighting,
        "anatomy": region,
        "anatomy_evidence": region_evidence,
        "fat_suppression": fat_suppression(row, texts, role.weighting, vendor),
        "dimension": dimensions or dimension_named(texts),
        "sequence_family": family,
        "pixel_spacing_row_mm": spacing[0] if len(spacing) == 2 and spacing[0] > 0 else None,
        "pixel_spacing_column_mm": spacing[1] if len(spacing) == 2 and spacing[1] > 0 else None,
        "has_contrast_agent": has_contrast_agent(row),
        "impossible_values": len(impossible_values(stated)) + len(impossible_values(measured)),
        **measured,
    }
    return Series(
        row=row,
        columns=columns,
        texts=texts,
        reason=reason,
        scan_time_s=time if isinstance(time, float) else None,
        look=look(row, texts, vendor=vendor, reason=None if is_exported else reason),
        contrast=contrast_evidence(row, texts, of_exam, None),
        is_image=is_image,
        is_exported=is_exported,
    )

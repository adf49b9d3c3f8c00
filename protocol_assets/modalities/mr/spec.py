"""Magnetic resonance as the platform sees it."""

from __future__ import annotations

from typing import Final

from protocol_assets.modalities.mr.acquisitions.counting import counted_sop_classes
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from protocol_assets.modalities.mr.describe import describe_partition, rules_version
from protocol_assets.modalities.spec import Modality

__all__ = ["MR"]

MR: Final = Modality(
    code="MR",
    sop_classes=counted_sop_classes(),
    retrieval="every_instance",
    data_set="series",
    folder="mr",
    series_columns="series_columns.csv",
    facts_columns="facts_columns.csv",
    describe=describe_partition,
    rules_version=rules_version,
    analysis=AVERAGING,
    report_sections=(
        "headline",
        "opportunities",
        "changes",
        "exam_shifts",
        "drift",
        "fleet",
        "completeness",
        "multiples",
    ),
)

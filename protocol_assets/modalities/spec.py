"""What a modality is to the platform: each one is a value of this class, and is registered once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from protocol_assets.analysis.spec import AnalysisSpec

__all__ = ["Describe", "Modality"]

Describe = Callable[[Sequence[Mapping[str, object]], tzinfo | None], list[dict[str, object]]]
"""From the rows of ``series`` of one partition to their derived columns, in order."""


@dataclass(frozen=True, slots=True)
class Modality:
    """What a kind of data means.

    Attributes:
        code: Modality (0008,0060), a defined term of PS3.3 C.7.3.1.1.1.
        folder: Its folder in ``modalities``, ``dbt_project/models`` and ``expectations``.
        series_columns: Data file with the columns of ``series``, all named by DICOM keywords.
        facts_columns: Data file with the columns that may leave the restricted zone.
        describe: Derives the columns that texts and clock times are needed for.
        rules_version: Version of the rules behind ``describe``.
        analysis: What is judged, and what the analysis needs to know for it.
    """

    code: str
    folder: str
    series_columns: str
    facts_columns: str
    describe: Describe
    rules_version: Callable[[], str]
    analysis: AnalysisSpec

    def suite(self, data_set: str) -> str:
        """Name of the expectation suite of a data set, such as ``mr/series``."""
        return f"{self.folder}/{data_set}"

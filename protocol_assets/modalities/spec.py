"""What a modality is to the platform: each one is a value of this class, and is registered once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal

from protocol_assets.analysis.spec import AnalysisSpec

__all__ = ["Describe", "Modality", "Retrieval"]

Describe = Callable[[Sequence[Mapping[str, object]], tzinfo | None], list[dict[str, object]]]
"""From the rows of ``series`` of one partition to their derived columns, in order."""

Retrieval = Literal["every_instance"]
"""Of which instances of a study the metadata are requested (PS3.18 10.4).

``every_instance``: slices, echoes and phases are told apart by the instances of a series, so all of
them are needed.
"""


@dataclass(frozen=True, slots=True)
class Modality:
    """What a kind of data means.

    Attributes:
        code: Modality (0008,0060), a defined term of PS3.3 C.7.3.1.1.1.
        sop_classes: The SOP Class UIDs whose instances are counted (PS3.4 B.5).
        retrieval: Which metadata of a study are requested.
        data_set: Name of its rows in the restricted zone.
        folder: Its folder in ``modalities``, ``dbt_project/models`` and ``expectations``.
        series_columns: Data file with the columns of ``series``, all named by DICOM keywords.
        facts_columns: Data file with the columns that may leave the restricted zone.
        describe: Derives the columns that texts and clock times are needed for.
        rules_version: Version of the rules behind ``describe``.
        analysis: What is judged, and what the analysis needs to know for it.
        report_sections: Sections of the report in their order, by name.
    """

    code: str
    sop_classes: frozenset[str]
    retrieval: Retrieval
    data_set: str
    folder: str
    series_columns: str
    facts_columns: str
    describe: Describe
    rules_version: Callable[[], str]
    analysis: AnalysisSpec
    report_sections: tuple[str, ...]

    def suite(self, data_set: str) -> str:
        """Name of the expectation suite of a data set, such as ``mr/series``."""
        return f"{self.folder}/{data_set}"

"""One series while it is described: its row, what it tells by itself, and its columns so far."""

from __future__ import annotations

from dataclasses import dataclass

from protocol_assets.modalities.mr.acquisitions.parts import Look
from protocol_assets.modalities.mr.roles.contrast import ContrastEvidence
from protocol_assets.modalities.shared.header_texts import Texts
from protocol_assets.modalities.shared.row import Row
from protocol_assets.modalities.shared.starts import Start

__all__ = ["ORIGINAL", "Series"]

ORIGINAL = (None, "localizer")
"""Exclusion reasons of scans the patient lay still for: localizers span the exam all the same."""

_NO_START = Start()


@dataclass(slots=True)
class Series:
    """One series: its columns so far, and what the partition needs to know of it.

    Attributes:
        row: The row of ``series``.
        columns: The derived columns.
        texts: What the protocol calls it.
        reason: Why it does not count.
        scan_time_s: Scan time where the series itself tells it.
        look: What may tell it from the others of its acquisition.
        contrast: What it says of a contrast agent.
        is_image: Whether it is an MR image object.
        is_exported: Whether it is a scan that an export marked as derived.
        start: When it began; settled by the first step.
        has_jumped: Whether the scanner's clock jumped in its exam.
    """

    row: Row
    columns: dict[str, object]
    texts: Texts
    reason: str | None
    scan_time_s: float | None
    look: Look
    contrast: ContrastEvidence
    is_image: bool
    is_exported: bool = False
    start: Start = _NO_START
    has_jumped: bool = False

    def term(self, column: str) -> str | None:
        """A column that holds text."""
        value = self.columns[column]
        return value if isinstance(value, str) else None

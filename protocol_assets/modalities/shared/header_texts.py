"""Which texts speak of the series and which of its exam, each as far as texts are read."""

from __future__ import annotations

from functools import cache

from protocol_assets.data import read_table
from protocol_assets.dicom.bounds import LONGEST_TEXT
from protocol_assets.modalities.shared.row import Row, text

__all__ = ["Texts", "exam_texts", "series_texts"]

Texts = tuple[str, ...]

_SERIES = ("ProtocolName", "SeriesDescription", "AcquisitionProtocolDescription")
_EXAM = (
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
    "StudyDescription",
)


def series_texts(row: Row, vendor: str | None) -> Texts:
    """What the operator's protocol calls this series, the closest text first."""
    return _present(row, _SERIES[1:] if _names_exam(vendor) else _SERIES)


def exam_texts(row: Row, vendor: str | None) -> Texts:
    """What procedure, study and, on some vendors, the protocol call the whole exam."""
    return _present(row, (*_EXAM, _SERIES[0]) if _names_exam(vendor) else _EXAM)


def _present(row: Row, columns: tuple[str, ...]) -> Texts:
    found = (text(row, column) for column in columns)
    return tuple(value[:LONGEST_TEXT] for value in found if value is not None)


@cache
def _names_exam(vendor: str | None) -> bool:
    table = read_table("vendors_protocol_name.csv")
    return any(row["vendor"] == vendor and row["names"] == "exam" for row in table)

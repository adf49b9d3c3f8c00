"""Small tables of a cell for people to glance at: counts and means, nothing identifying."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Final

import pyarrow as pa

__all__ = ["coverage_overview", "markdown_table", "role_overview"]

_COVERED: Final = (
    "NumberOfAverages",
    "RepetitionTime",
    "EchoTime",
    "EchoTrainLength",
    "MagneticFieldStrength",
    "AcquisitionTime",
    "DeviceSerialNumber",
    "SeriesDescription",
    "BodyPartExamined",
)


def coverage_overview(series: pa.Table) -> str:
    """How many series of the cell hold each of the main attributes, as markdown."""
    rows = [(name, series.num_rows - series[name].null_count, series.num_rows) for name in _COVERED]
    return markdown_table(("attribute", "with value", "series"), rows)


def role_overview(facts: pa.Table) -> str:
    """Counted series by role with their NEX, as markdown."""
    roles: defaultdict[str, list[float | None]] = defaultdict(list)
    columns = (facts[name].to_pylist() for name in ("role", "exclusion_reason", "nex"))
    for role, reason, nex in zip(*columns, strict=True):
        if reason is None:
            roles[role or "unknown"].append(nex)
    rows = []
    for role, values in sorted(roles.items()):
        known = [value for value in values if value is not None]
        rows.append((role, len(values), len(known), f"{fmean(known):.2f}" if known else ""))
    return markdown_table(("role", "series", "with NEX", "mean NEX"), rows)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table; bars in a value are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(value).replace("|", "\\|") for value in line) + " |" for line in lines
    )

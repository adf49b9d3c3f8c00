"""Small tables of a partition for the UI: counts and means, nothing identifying."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Final

import pyarrow as pa

from protocol_assets.plain_text import escape_markdown

__all__ = ["coverage_overview", "markdown_table", "odd_overview", "role_overview"]

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

_MOST_ODD: Final = 50


def coverage_overview(series: pa.Table) -> str:
    """How many series of the partition hold each of the main attributes, as markdown."""
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


def odd_overview(quarantine: pa.Table) -> str:
    """The odd objects of the partition by keyed hash and rule; those left out come first."""
    if not quarantine.num_rows:
        return "none"
    columns = ("rule", "study_key", "series_key", "device_key", "n_instances")
    rows = sorted(quarantine.to_pylist(), key=lambda row: (not row["is_left_out"], row["rule"]))
    shown = [
        ("left out" if row["is_left_out"] else "kept", *(row[name] or "" for name in columns))
        for row in rows[:_MOST_ODD]
    ]
    table = markdown_table(("", *columns), shown)
    more = len(rows) - len(shown)
    return f"{table}\n\n{more} more in kpi_quarantine_daily" if more else table


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table; markup in values is escaped."""
    lines = [map(escape_markdown, head), ["---"] * len(head)]
    lines += [map(escape_markdown, row) for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

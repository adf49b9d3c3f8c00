"""Which rules a header follows, where its encoding alone does not decide that.

syngo MR XA writes classic images in the manner of its enhanced objects: ``vendors_layouts.csv``.
"""

from __future__ import annotations

import re
from functools import cache

from protocol_assets.modalities.shared.row import Row, text
from protocol_assets.modalities.shared.vendor_rules import applicable

__all__ = ["header_layout"]


def header_layout(row: Row, *, vendor: str | None, encoding: str | None) -> str | None:
    """The key that stands in the column ``encoding`` of the vendor tables for one series.

    Args:
        row: The row of ``series``.
        vendor: Manufacturer as a term.
        encoding: Classic, enhanced or legacy converted; the answer where no row speaks.
    """
    for rule in applicable("vendors_layouts.csv", vendor=vendor, encoding=encoding):
        value = text(row, rule["column"])
        if value is not None and _compiled(rule["pattern"]).search(value):
            return rule["layout"]
    return encoding


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)

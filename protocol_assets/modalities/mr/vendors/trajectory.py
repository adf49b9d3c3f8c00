"""How k-space is traversed: rotating blades (PROPELLER, BLADE, MultiVane, JET), radial, spiral."""

from __future__ import annotations

import re

from protocol_assets.modalities.shared.header_texts import Texts
from protocol_assets.modalities.shared.row import Row, tokens
from protocol_assets.modalities.shared.vendor_rules import applicable

__all__ = ["trajectory"]

_WORD = re.compile(r"[^\W_]+")


def trajectory(row: Row, texts: Texts, vendor: str | None) -> str | None:
    """Trajectory as a term, None where neither header nor protocol text tells.

    The attribute, then the vendor's product name in the texts, then a phase direction, which
    Cartesian scans have. Rules: ``data/vendors_trajectory.csv``.
    """
    words: set[str] | None = None
    for rule in applicable("vendors_trajectory.csv", vendor=vendor):
        if rule["column"] != "texts":
            found = _names(row, rule["column"], rule["value"])
        else:
            if words is None:
                words = {word for text in texts for word in _WORD.findall(text.upper())}
            found = rule["value"] in words
        if found:
            return rule["trajectory"]
    return None


def _names(row: Row, column: str, value: str) -> bool:
    """Whether one of the values is the sought one, or has it as a word (``FSE/Prop``)."""
    values = tokens(row, column)
    return value in values or any(value in _WORD.findall(one) for one in values)

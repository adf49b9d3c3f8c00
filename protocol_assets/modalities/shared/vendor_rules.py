"""Rows of the vendor tables that hold for one series, and what two-state tables say of it.

An empty vendor, encoding or family in a row holds for all; the first row that matches decides.
"""

from __future__ import annotations

from functools import cache

from protocol_assets.data import read_table
from protocol_assets.modalities.shared.row import Row, text, tokens

__all__ = ["applicable", "is_on"]

_KEYS = ("vendor", "encoding", "family", "dimension")


def applicable(table: str, **keys: str | None) -> tuple[dict[str, str], ...]:
    """The rows of a vendor table that hold for a vendor, encoding, family or dimension, in order.

    Args:
        table: File name of the table.
        keys: Key columns of the table and their values, None where unknown.
    """
    return _applicable(table, tuple(keys.items()))


@cache
def _applicable(table: str, keys: tuple[tuple[str, str | None], ...]) -> tuple[dict[str, str], ...]:
    known = dict(keys)
    return tuple(
        row
        for row in read_table(table)
        if all(row.get(key, "") in ("", known.get(key)) for key in _KEYS)
    )


def is_on(row: Row, table: str, **keys: str | None) -> bool | None:
    """Whether something is on by a table of attribute values; None where no row speaks.

    A row without a value holds where its attribute is there and no row before matched it; for the
    multi-valued Scan Options, an absent attribute counts as one without values where the scanner
    wrote its sequence at all.
    """
    for rule in applicable(table, **keys):
        values = tokens(row, rule["column"])
        if rule["value"] in values or (not rule["value"] and (values or _is_described(row))):
            return rule["state"] == "on"
    return None


def _is_described(row: Row) -> bool:
    return text(row, "ScanningSequence") is not None

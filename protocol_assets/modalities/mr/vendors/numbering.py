"""What a vendor's series number says of the scan: ``data/vendors_series_numbers.csv``."""

from __future__ import annotations

from protocol_assets.modalities.shared.row import Row, number
from protocol_assets.modalities.shared.vendor_rules import applicable

__all__ = ["scan_number"]


def scan_number(row: Row, vendor: str | None) -> int | None:
    """The number of the scan that a series was reconstructed from, None where nothing names it.

    A number below that of the first scan has been changed on the way, and names none.
    """
    series = number(row, "SeriesNumber")
    for rule in applicable("vendors_series_numbers.csv", vendor=vendor):
        if rule["vendor"] == vendor and series is not None:
            return int(series // int(rule["series_per_scan"])) or None
    return None

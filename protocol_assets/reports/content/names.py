"""How scanners and protocols are called in a report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from protocol_assets.figures.scanners import ScannerFigures, slug
from protocol_assets.reports.content.blocks import Entry
from protocol_assets.reports.texts import Texts

__all__ = ["about_scanner", "protocol_on_scanner", "unbroken"]


def protocol_on_scanner(row: Mapping[str, Any], texts: Texts, *, is_alone: bool) -> Entry:
    """A protocol with its scanner and site below.

    Args:
        row: With ``protocol_label``, ``scanner_label`` and ``site``; either name may be withheld.
        texts: The wording.
        is_alone: Whether all rows are of one scanner, which need not be named.
    """
    protocol, scanner = row["protocol_label"], row["scanner_label"]
    name = unbroken(protocol or texts("unnamed.protocol"))
    if is_alone:
        return Entry(name)
    about = [scanner or texts("unnamed.scanner"), *([row["site"]] if row["site"] else [])]
    return Entry(name, below=unbroken(", ".join(about)), link=slug(scanner) if scanner else None)


def about_scanner(scanner: ScannerFigures, texts: Texts) -> str:
    """Device and site of a scanner, as far as they are known."""
    return unbroken(", ".join(filter(None, (texts.device(scanner.device), scanner.site))))


def unbroken(text: str) -> str:
    """The text with its field strengths kept on one line."""
    return re.sub(r"(?<=\d) T\b", "\u00a0T", text)

"""Which dates an MR header can mean: a placeholder for "no date" is not a date."""

from __future__ import annotations

import datetime as dt
from typing import Final

__all__ = ["is_sentinel"]

_FIRST_YEAR: Final = 1980
"""Clinical MR scanners exist since the early 1980s. Earlier years are starts of calendars that
software writes for "no date": 0001 (.NET), 1601 (Windows), 1753 (SQL), 1858 (VMS), 1899 and 1900
(OLE, ODBC), 1904 (Macintosh), 1970 (Unix)."""
_LAST_YEAR: Final = 2098
"""Later years are ends of calendars: 2099, 2100, 2999, 9999."""


def is_sentinel(day: dt.date) -> bool:
    """Whether a date or date-time is the start or the end of some calendar, and so is absent."""
    return not _FIRST_YEAR <= day.year <= _LAST_YEAR

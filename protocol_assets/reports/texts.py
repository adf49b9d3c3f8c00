"""The wording of the report: one file of texts per language, with its numbers and dates."""

from __future__ import annotations

import datetime as dt
from typing import Final

from protocol_assets.data import read_table

__all__ = ["Texts"]

_ABSENT: Final = "–"
_THIN_SPACE: Final = "\u202f"
_FIXED_SPACE: Final = "\u00a0"


class Texts:
    """The texts of ``data/report_<language>.csv`` by key.

    A further language is one more such file.
    """

    def __init__(self, language: str = "en") -> None:
        """Read a language.

        Args:
            language: BCP 47 tag; also what the documents declare as theirs.
        """
        self.language = language
        self._texts = {row["key"]: row["text"] for row in read_table(f"report_{language}.csv")}

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its ``{names}`` filled in.

        Raises:
            KeyError: The language lacks the key, or the text names a value that is not given.
        """
        return self._texts[key].format_map(values)

    def number(self, value: float | None, digits: int = 2) -> str:
        """A number with thin spaces between thousands."""
        if value is None:
            return _ABSENT
        whole, _, fraction = f"{value:,.{digits}f}".partition(".")
        return self("format.decimal").join(
            filter(None, (whole.replace(",", _THIN_SPACE), fraction))
        )

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share of 1 in percent."""
        if share is None:
            return _ABSENT
        return f"{self.number(100 * share, digits)}{_FIXED_SPACE}%"

    def day(self, day: dt.date) -> str:
        """A day with its weekday and year."""
        return self("format.day", weekday=self._weekday(day), **self._parts(day))

    def tick(self, day: dt.date) -> str:
        """A day as short as an axis needs it."""
        return self("format.tick", **self._parts(day))

    def month(self, day: dt.date) -> str:
        """The month of a day."""
        return self(
            "format.month", month=self("format.months").split()[day.month - 1], year=day.year
        )

    def _weekday(self, day: dt.date) -> str:
        return self("format.weekdays").split()[day.weekday()]

    def _parts(self, day: dt.date) -> dict[str, object]:
        month = self("format.months_short").split()[day.month - 1]
        return {"day": day.day, "month": month, "year": day.year}

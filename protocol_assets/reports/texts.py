"""The wording of the report: one file of texts per language, with its numbers and dates."""

from __future__ import annotations

import datetime as dt
from typing import Final

from protocol_assets.data import read_table, report_languages
from protocol_assets.faults import Fault
from protocol_assets.figures.scanners import Device

__all__ = ["Texts"]

_ABSENT: Final = "–"
_THIN_SPACE: Final = "\u202f"
_FIXED_SPACE: Final = "\u00a0"
_MINUS: Final = "\u2212"


class Texts:
    """The texts of ``data/report_<language>.csv`` by key.

    A further language is one more such file.
    """

    def __init__(self, language: str) -> None:
        """Read a language.

        Args:
            language: BCP 47 tag; also what the documents declare as theirs.

        Raises:
            Fault: There is no file of the language.
        """
        if language not in report_languages():
            raise Fault(
                f"the report speaks {', '.join(report_languages())}: set language to one of these, "
                "or add a file of texts (docs/report.md)"
            )
        self.language = language
        self._texts = {row["key"]: row["text"] for row in read_table(f"report_{language}.csv")}

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its ``{names}`` filled in.

        Raises:
            KeyError: The language lacks the key, or the text names a value that is not given.
        """
        return self._texts[key].format_map(values)

    def term(self, vocabulary: str, term: str | None) -> str:
        """A term of the marts in the language; as it stands where the language lacks it.

        A term with its particulars (``more often: repeat, aborted``) is told part by part.
        """
        if term is None:
            return self("not_told")
        known = self._texts.get(f"{vocabulary}.{term}")
        if known is not None:
            return self(f"{vocabulary}.{term}")
        head, colon, rest = term.partition(": ")
        if colon:
            parts = (self.term(vocabulary, part) for part in rest.split(", "))
            return f"{self.term(vocabulary, head)}: {', '.join(parts)}"
        return term.replace("_", " ")

    def number(self, value: float | None, digits: int = 2) -> str:
        """A number with thin spaces between thousands."""
        if value is None:
            return _ABSENT
        # What rounds to nothing has no sign.
        whole, _, fraction = f"{round(value, digits) + 0.0:,.{digits}f}".partition(".")
        whole = whole.replace(",", _THIN_SPACE).replace("-", _MINUS)
        return self("format.decimal").join(filter(None, (whole, fraction)))

    def signed(self, value: float | None, digits: int = 0) -> str:
        """A difference with its sign."""
        text = self.number(value, digits)
        return f"+{text}" if value is not None and round(value, digits) > 0 else text

    def plain(self, value: float | None) -> str:
        """A number with as many digits as it has, two decimals at most."""
        if value is None:
            return _ABSENT
        return self.number(
            value, next((n for n in (0, 1) if round(value, n) == round(value, 2)), 2)
        )

    def interval(self, low: str, high: str) -> str:
        """From the one to the other."""
        return self("format.interval", low=low, high=high)

    def minutes(self, value: float, low: float | None, high: float | None) -> str:
        """Minutes with their interval where it is told."""
        text = f"{self.number(value, 0)}{_FIXED_SPACE}{self('unit.min')}"
        if low is None or high is None:
            return text
        return f"{text} ({self.interval(self.number(low, 0), self.number(high, 0))})"

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share of 1 in percent."""
        if share is None:
            return _ABSENT
        return f"{self.number(100 * share, digits)}{_FIXED_SPACE}%"

    def device(self, device: Device) -> str:
        """Vendor, model and field strength, as far as they are known."""
        name = " ".join(filter(None, (device.vendor, device.model)))
        field = device.field_strength_t
        return ", ".join(
            filter(None, (name, None if field is None else f"{self.plain(field)}{_FIXED_SPACE}T"))
        )

    def day(self, day: dt.date) -> str:
        """A day with its weekday and year."""
        return self("format.day", weekday=self._weekday(day), **self._parts(day))

    def tick(self, day: dt.date) -> str:
        """A day as short as an axis needs it."""
        return self("format.tick", **self._parts(day))

    def date(self, day: dt.date) -> str:
        """A day with its year."""
        return self("format.date", **self._parts(day))

    def short_month(self, day: dt.date) -> str:
        """A month as short as an axis needs it; January tells the year."""
        return self(
            "format.tick_january" if day.month == 1 else "format.tick_month", **self._parts(day)
        )

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

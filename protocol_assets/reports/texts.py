"""The wording of report, mail, alerts and dashboard: one file of texts per language.

Numbers, dates and months follow the Unicode CLDR of the language.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Final

from babel import Locale
from babel.dates import format_interval, format_skeleton, get_day_names, get_month_names
from babel.numbers import format_decimal, format_percent, get_plus_sign_symbol

from protocol_assets.data import read_table, text_languages
from protocol_assets.faults import Fault
from protocol_assets.figures.scanners import Device

__all__ = ["Texts", "whole_percent"]

_ABSENT: Final = "–"
_FROM_SUNDAY: Final = (6, 0, 1, 2, 3, 4, 5)
_FIELD: Final = re.compile(r"'([^']*)'|y|MMM|d")
_IN_CHARTS: Final = {"y": "%Y", "MMM": "%b", "d": "%-d"}
_FIXED_SPACE: Final = "\u00a0"


def whole_percent(share: float) -> int:
    """A share as a whole percentage that is 0 or 100 only where the share is 0 or 1."""
    percent = math.floor(100 * share + 0.5)
    if share < 1 and percent >= 100:
        return 99
    return 1 if share > 0 and percent <= 0 else percent


class Texts:
    """The texts of ``data/texts_<language>.csv`` by key.

    To add a language, add such a file.
    """

    def __init__(self, language: str) -> None:
        """Read a language.

        Args:
            language: BCP 47 tag, which the documents declare as their language.

        Raises:
            Fault: There is no file of the language.
        """
        if language not in text_languages():
            raise Fault(
                f"there are no texts in this language; set language to one of "
                f"{', '.join(text_languages())}, or add a file of texts (docs/report.md)"
            )
        self.language = language
        self._locale = Locale.parse(language, sep="-")
        self._texts = {row["key"]: row["text"] for row in read_table(f"texts_{language}.csv")}

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its ``{names}`` filled in.

        Raises:
            KeyError: The language lacks the key, or the text names a value that is not given.
        """
        return self._texts[key].format_map(values)

    def has(self, key: str) -> bool:
        """Whether the language has a text of the key."""
        return key in self._texts

    def term(self, vocabulary: str, term: str | None) -> str:
        """A value of the published tables in the language; unchanged where the language lacks it.

        A value with details (``more often: repeat, aborted``) is translated part by part.
        """
        if term is None:
            return self("not_told")
        if self.has(f"{vocabulary}.{term}"):
            return self(f"{vocabulary}.{term}")
        head, colon, rest = term.partition(": ")
        if colon:
            parts = (self.term(vocabulary, part) for part in rest.split(", "))
            return f"{self.term(vocabulary, head)}: {', '.join(parts)}"
        return term.replace("_", " ")

    def number(self, value: float | None, digits: int = 2) -> str:
        """A number with a fixed count of decimals; a dash for none."""
        if value is None:
            return _ABSENT
        pattern = f"#,##0.{'0' * digits}".rstrip(".")
        # What rounds to zero has no sign.
        return format_decimal(round(value, digits) + 0.0, format=pattern, locale=self._locale)

    def signed(self, value: float | None, digits: int = 0) -> str:
        """A difference with its sign."""
        text = self.number(value, digits)
        is_positive = value is not None and round(value, digits) > 0
        return f"{get_plus_sign_symbol(self._locale)}{text}" if is_positive else text

    def plain(self, value: float | None) -> str:
        """A number with as many digits as it has, two decimals at most."""
        if value is None:
            return _ABSENT
        return self.number(
            value, next((n for n in (0, 1) if round(value, n) == round(value, 2)), 2)
        )

    def interval(self, low: str, high: str) -> str:
        """From the one to the other."""
        return self("interval", low=low, high=high)

    def quantity(self, value: float | None, unit: str, digits: int = 0) -> str:
        """A number with its unit, which a line break does not separate.

        Args:
            value: None for a dash.
            unit: Name of the unit in the texts, such as ``min``.
            digits: Decimals.
        """
        text = self.number(value, digits)
        return text if value is None else f"{text}{_FIXED_SPACE}{self(f'unit.{unit}')}"

    def minutes(self, value: float, low: float | None, high: float | None) -> str:
        """Minutes with their interval where it is known."""
        text = self.quantity(value, "min")
        if low is None or high is None:
            return text
        return f"{text} ({self.interval(self.number(low, 0), self.number(high, 0))})"

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share of 1 in percent; without decimals, only all is 100 % and only none is 0 %."""
        if share is None:
            return _ABSENT
        if not digits and 0 <= share <= 1:
            share = whole_percent(share) / 100
        pattern = self._locale.percent_formats[None].pattern
        if digits:
            pattern = pattern.replace("0", f"0.{'0' * digits}")
        return format_percent(share, format=pattern, locale=self._locale)

    def change(self, percent: float | None) -> str:
        """A change that is given in percent, with its sign."""
        if percent is None:
            return _ABSENT
        text = format_percent(round(percent) / 100 + 0.0, locale=self._locale)
        return f"{get_plus_sign_symbol(self._locale)}{text}" if round(percent) > 0 else text

    def chart_locale(self) -> dict[str, dict[str, object]]:
        """Numbers and names of days and months as Vega's charts take them."""
        symbols = self._locale.number_symbols["latn"]
        days = get_day_names("wide", locale=self._locale)
        short_days = get_day_names("abbreviated", locale=self._locale)
        months = get_month_names("wide", locale=self._locale)
        short_months = get_month_names("abbreviated", locale=self._locale)
        names: dict[str, object] = {
            "days": [days[day] for day in _FROM_SUNDAY],
            "shortDays": [short_days[day] for day in _FROM_SUNDAY],
            "months": [months[number] for number in range(1, 13)],
            "shortMonths": [short_months[number] for number in range(1, 13)],
        }
        number: dict[str, object] = {
            "decimal": symbols["decimal"],
            "thousands": symbols["group"],
            "grouping": [3],
            "currency": ["", ""],
        }
        formats = {"dateTime": "%x, %X", "date": self._chart_date(), "time": "%H:%M:%S"}
        return {"number": number, "time": {**formats, "periods": ["AM", "PM"], **names}}

    def _chart_date(self) -> str:
        """The pattern of ``date`` as Vega's charts take it."""
        pattern = self._locale.datetime_skeletons["yMMMd"].pattern
        return _FIELD.sub(lambda found: found[1] or _IN_CHARTS[found[0]], pattern)

    def device(self, device: Device) -> str:
        """Vendor, model and field strength, as far as they are known."""
        name = " ".join(filter(None, (device.vendor, device.model)))
        field = device.field_strength_t
        return ", ".join(
            filter(None, (name, None if field is None else f"{self.plain(field)}{_FIXED_SPACE}T"))
        )

    def day(self, day: dt.date) -> str:
        """A day with its weekday and year."""
        return self._date("yMMMEd", day)

    def date(self, day: dt.date) -> str:
        """A day with its year."""
        return self._date("yMMMd", day)

    def dates(self, first: dt.date, last: dt.date) -> str:
        """From one day to another."""
        return format_interval(first, last, "yMMMd", locale=self._locale)

    def tick(self, day: dt.date) -> str:
        """A day as short as an axis needs it."""
        return self._date("MMMd", day)

    def month(self, day: dt.date) -> str:
        """The month of a day."""
        return self._date("yMMMM", day)

    def month_of_year(self, day: dt.date) -> str:
        """The month of a day with its year, shortened."""
        return self._date("yMMM", day)

    def short_month(self, day: dt.date) -> str:
        """A month as short as an axis needs it; January shows the year."""
        return self._date("y" if day.month == 1 else "MMM", day)

    def _date(self, skeleton: str, day: dt.date) -> str:
        return format_skeleton(skeleton, day, locale=self._locale)

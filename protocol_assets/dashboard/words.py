"""Numbers and values of the published tables in words; what is absent is said to be absent."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd

from protocol_assets.plain_text import escape_markdown
from protocol_assets.reports.readings import parameter_unit
from protocol_assets.reports.texts import Texts

__all__ = ["Words", "plain"]

_PARAMETER: Final = "parameter"


def plain(text: str) -> str:
    """A name in Markdown, shown letter by letter."""
    return escape_markdown(text)


def _is_absent(value: Any) -> bool:
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float) and math.isnan(value))
    )


class Words:
    """The texts of one language for the pages: every value may be NULL."""

    def __init__(self, texts: Texts) -> None:
        """Speak a language.

        Args:
            texts: Its texts.
        """
        self.texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its ``{names}`` filled in."""
        return self.texts(key, **values)

    @property
    def absent(self) -> str:
        """What is shown where a value is absent."""
        return self("not_told")

    def number(self, value: Any, unit: str = "", digits: int = 0) -> str:
        """A number, with its unit where one is named."""
        if _is_absent(value):
            return self.absent
        if not unit:
            return self.texts.number(float(value), digits)
        return self.texts.quantity(float(value), unit, digits)

    def change(self, percent: Any) -> str:
        """A change that is given in percent."""
        return self.absent if _is_absent(percent) else self.texts.change(float(percent))

    def interval(self, low: Any, high: Any, unit: str) -> str:
        """An interval with its unit; both ends are known, or none is shown."""
        if _is_absent(low) or _is_absent(high):
            return self("interval.not_told")
        return self.texts.interval(self.number(low), self.number(high, unit))

    def share(self, value: Any) -> str:
        """A share from 0 to 1 in percent."""
        return self.absent if _is_absent(value) else self.texts.percent(float(value))

    def known(self, value: Any, of: str) -> str:
        """A coverage, shown beside its number.

        Args:
            value: A share from 0 to 1.
            of: What is covered: ``acquisitions``, ``eligible_acquisitions``, ``eligible_exams``.
        """
        if _is_absent(value):
            return self("known.not_told")
        return self(f"known.{of}", share=self.share(value))

    def day(self, value: Any) -> str:
        """A day."""
        return self.absent if _is_absent(value) else self.texts.date(value)

    def month(self, value: Any) -> str:
        """A month of a year."""
        return self.absent if _is_absent(value) else self.texts.month_of_year(value)

    def term(self, vocabulary: str, value: Any) -> str:
        """A value of a published table; a parameter is shown with its unit.

        Args:
            vocabulary: Prefix of the keys of its values, empty for a name that is not translated.
            value: The value.
        """
        if _is_absent(value):
            return self.absent
        if not vocabulary:
            return str(value)
        text = self.texts.term(vocabulary, str(value))
        unit = parameter_unit(str(value)) if vocabulary == _PARAMETER else ""
        return f"{text} ({unit})" if unit else text

    def title(self, vocabulary: str, value: Any) -> str:
        """A value that begins a line."""
        text = self.term(vocabulary, value)
        return text[:1].upper() + text[1:]

    def yes(self, value: Any) -> str:
        """A truth value."""
        return self.absent if _is_absent(value) else self("yes" if value else "no")

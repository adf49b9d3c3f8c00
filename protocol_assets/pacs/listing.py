"""Listing everything of a day from a server that may page badly, cap silently or ignore filters.

Pure but for the ``Ask`` it is given. Two things are proved before a day counts as whole:

- stability: the day is enumerated twice and the union taken, again where the two differ;
- no silent cap: the second enumeration is by StudyTime, in two halves of about as many studies. A
  server that shows N of a day's studies and hides the rest shows some of the hidden ones when it
  is asked for half the day, for then it has room. Where that happens the day is halved until every
  piece is smaller than the cap. Where StudyTime tells nothing (none told, or one for all), a
  question about the days around must show more than the day alone does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Protocol

import orjson

from protocol_assets.pacs.attributes import STUDY_TIME, STUDY_UID, minute_of_day, uid
from protocol_assets.pacs.rows import merge_rows

__all__ = [
    "Ask",
    "CappedError",
    "Enumeration",
    "Page",
    "StudyTimeError",
    "enumerate_rows",
    "list_day_rows",
    "time_range",
]

Row = dict[str, Any]

_PASSES: Final = 4
_MAX_ROWS: Final = 20_000
_LAST_MINUTE: Final = 24 * 60 - 1
_DAYS_AROUND: Final = timedelta(days=3)
_NOT_HEEDED: Final = "and does not heed the StudyTime filter"


class CappedError(Exception):
    """The day cannot be proved whole; ``args[0]`` says why, without identifiers."""


class StudyTimeError(Exception):
    """To be raised by an ``Ask``: the server refuses a filter by StudyTime or a range of days.

    It may say so with any status that is not passing: 400, 413, 500, 501.
    """


@dataclass(frozen=True)
class Page:
    """One answer: its rows, whether a Warning header told of more, whether it was a refusal."""

    rows: list[Row]
    warned: bool = False
    is_refused: bool = False


class Ask(Protocol):
    """Asks for one page of a listing."""

    def __call__(self, filters: Mapping[str, str], limit: int, offset: int) -> Page:
        """The rows from ``offset`` on, at most ``limit`` of them."""
        ...


@dataclass
class Enumeration:
    """Distinct rows of one listing, by UID.

    Attributes:
        rows: The newest row of each UID; several rows of one pass are merged.
        rejected: Distinct rows whose UID is absent or invalid.
        doubtful: The server gave signs of holding more than it sent.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    rejected: set[bytes] = field(default_factory=set)
    doubtful: bool = False

    def __len__(self) -> int:
        return len(self.rows) + len(self.rejected)

    def add(self, other: Enumeration) -> None:
        """Takes in the rows of ``other``."""
        self.rows |= other.rows
        self.rejected |= other.rejected

    def timed(self) -> dict[str, int]:
        """UID to minute of the day, of the rows that have a StudyTime."""
        minutes = {key: minute_of_day(row, STUDY_TIME) for key, row in self.rows.items()}
        return {key: minute for key, minute in minutes.items() if minute is not None}


def enumerate_rows(
    ask: Ask, filters: Mapping[str, str], page_size: int, tag: str = STUDY_UID
) -> Enumeration:
    """Pages through a listing until a page is empty or brings no new UID.

    Raises:
        CappedError: It does not end within 20,000 rows.
    """
    listing = Enumeration()
    offset, largest, warned = 0, 0, False
    while (page := ask(filters, page_size, offset)).rows:
        known = len(listing)
        shown = Enumeration()
        for row in page.rows:
            key = uid(row, tag)
            if key is None:
                shown.rejected.add(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))
            else:
                before = shown.rows.get(key) or listing.rows.get(key)
                shown.rows[key] = merge_rows(before, row)
        listing.add(shown)
        repeats = len(shown) < len(page.rows)
        if len(listing) == known:
            # Offset ignored: a full page may be all that this server ever shows.
            listing.doubtful |= largest >= page_size
            break
        if offset > _MAX_ROWS:
            raise CappedError("more than 20,000 rows; does it ignore the StudyDate filter?")
        # Several rows of one study count; a row that is repeated as it is does not.
        offset += len({orjson.dumps(row) for row in page.rows}) if repeats else len(shown)
        largest, warned = max(largest, len(page.rows)), page.warned
    # A refusal after a full page may be the end, or all that this server ever shows.
    listing.doubtful |= page.is_refused and largest >= page_size
    # A Warning before the last page is ordinary; one row over the limit is how Orthanc caps.
    listing.doubtful |= warned or largest == page_size + 1
    return listing


def time_range(first: int, last: int) -> str:
    """The minutes ``first`` to ``last`` of a day as DICOM TM range matching (PS3.4 C.2.2.2.5.2).

    The bounds hold for servers that compare as text, too, and for times without seconds.
    """
    start, end = (f"{minute // 60:02}{minute % 60:02}" for minute in (first, last))
    return f"{start}-{end}59.999999"


def list_day_rows(ask: Ask, day: date, page_size: int) -> Enumeration:
    """All studies that the server holds for ``day``, and perhaps others: filter again.

    Args:
        ask: Asks the server for one page.
        day: StudyDate.
        page_size: Rows to ask for at a time.

    Raises:
        CappedError: The server hides studies and they cannot be reached.
    """
    return _DayLister(ask, day, page_size).list()


class _DayLister:
    def __init__(self, ask: Ask, day: date, page_size: int) -> None:
        self._ask = ask
        self._day = day
        self._filters = {"StudyDate": f"{day:%Y%m%d}"}
        self._page_size = page_size

    def list(self) -> Enumeration:
        found = Enumeration()
        missed: set[str] = set()
        for _ in range(_PASSES):
            first = self._enumerate()
            halves = self._by_halves(first)
            second = self._enumerate() if halves is None else halves
            first.doubtful |= halves is None and self._is_capped(first)
            found.add(first)
            found.add(second)
            extra = second.rows.keys() - first.rows.keys()
            expected = first.rows if halves is None else first.timed()
            same = not extra and expected.keys() <= second.rows.keys()
            if first.doubtful or (halves is not None and extra & missed):
                proved = same and halves is not None
                self._reach_hidden(found, first, proved)
                break
            if same:
                break
            missed = extra
        return found

    def _is_capped(self, day: Enumeration) -> bool:
        """Whether the days around, this one among them, show others and still no more rows."""
        if len(day) < 2:
            return False
        first, last = self._day - _DAYS_AROUND, self._day + _DAYS_AROUND
        try:
            around = self._enumerate({"StudyDate": f"{first:%Y%m%d}-{last:%Y%m%d}"})
        except (StudyTimeError, CappedError):
            return False  # the range is refused, or shows more than any day holds
        return len(around) <= len(day) and bool(around.rows.keys() - day.rows.keys())

    def _reach_hidden(self, found: Enumeration, first: Enumeration, proved: bool) -> None:
        """Adds to ``found`` what the cap that showed in ``first`` hides."""
        timed = first.timed()
        if len(timed) < len(first.rows):
            raise CappedError("and some of this day's have no StudyTime to ask by")
        if proved:
            return
        reached = Enumeration()
        for piece in self._pieces(0, _LAST_MINUTE, len(first)):
            reached.add(piece)
        if not timed.keys() <= reached.rows.keys():
            raise CappedError(_NOT_HEEDED)
        found.add(reached)

    def _pieces(self, first: int, last: int, cap: int) -> Iterator[Enumeration]:
        """The day in windows that each show fewer rows than ``cap``, so that none is hidden."""
        if first == last:
            raise CappedError("even within one minute")
        middle = (first + last) // 2
        for start, end in ((first, middle), (middle + 1, last)):
            piece = self._window(start, end)
            if piece is None:
                raise CappedError(_NOT_HEEDED)
            if len(piece) >= cap:
                yield from self._pieces(start, end, cap)
            else:
                yield piece

    def _by_halves(self, whole: Enumeration) -> Enumeration | None:
        """The day again, split where about half of its studies lie on either side.

        None where that proves nothing: one start time alone, or StudyTime not heeded.
        """
        minutes = sorted(whole.timed().values())
        if not minutes or minutes[0] == minutes[-1]:
            return None
        split = minutes[len(minutes) // 2]
        if split == minutes[0]:
            split = next(minute for minute in minutes if minute > split)
        halves = Enumeration()
        for start, end in ((0, split - 1), (split, _LAST_MINUTE)):
            half = self._window(start, end)
            if half is None or not half.rows:
                return None  # each half was seen to hold a study
            halves.add(half)
        return halves

    def _window(self, first: int, last: int) -> Enumeration | None:
        """One window of StudyTime, None where the server refuses or ignores the filter."""
        try:
            window = self._enumerate({"StudyTime": time_range(first, last)})
        except StudyTimeError:
            return None
        heeded = all(first <= minute <= last for minute in window.timed().values())
        return window if heeded else None

    def _enumerate(self, more: Mapping[str, str] | None = None) -> Enumeration:
        return enumerate_rows(self._ask, {**self._filters, **(more or {})}, self._page_size)

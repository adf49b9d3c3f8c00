"""Listing everything of a day from a server that may page badly, cap silently or ignore filters.

Pure but for the ``Ask`` it is given. Three things are proved before a day counts as whole:

- an order that does not change: no row comes on two pages. A row that does took the place of
  another, which is then on no page. The day is enumerated again, and the union taken, until an
  enumeration without such a row shows all that was ever seen; where none does, the day is split by
  StudyTime until every piece fits on one page, for which no order is needed;
- stability: the day is enumerated twice and the union taken, again where the two differ;
- no silent cap: the second enumeration is by StudyTime, in two halves of about as many studies. A
  server that shows N of a day's studies and hides the rest shows some of the hidden ones when it
  is asked for half the day, for then it has room. Where that happens the day is halved until every
  piece is smaller than the cap. If StudyTime does not help (none reported, or one for all), a
  question about the days around must show more than the day alone does.

No row of the day that any answer shows is dropped, whatever the question was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from datetime import date, timedelta
from typing import Any, Final

from protocol_assets.sources.dicomweb.attributes import STUDY_DATE, UnreadableDateError
from protocol_assets.sources.dicomweb.attributes import day as study_day
from protocol_assets.sources.dicomweb.paging import (
    MAX_ROWS,
    Ask,
    CappedError,
    Enumeration,
    StudyTimeError,
    UnstableError,
    enumerate_checked,
)

__all__ = ["list_day_rows", "time_range"]

Row = dict[str, Any]

_PASSES: Final = 4
_LAST_MINUTE: Final = 24 * 60 - 1
_DAYS_AROUND: Final = timedelta(days=3)
_NOT_HEEDED: Final = "and does not heed the StudyTime filter"


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
        self._found = Enumeration()
        """All that any answer has shown of the day."""
        self._shown_by_range: set[str] = set()
        self._is_unstable = False

    def list(self) -> Enumeration:
        """Everything of the day.

        Raises:
            UnstableError: It cannot be proved whole, and a row came on two pages.
            CappedError: It cannot be proved whole.
        """
        try:
            return self._list()
        except CappedError as error:
            if not self._is_unstable:
                raise
            raise UnstableError(*error.args) from None

    def _list(self) -> Enumeration:
        missed: set[str] = set()
        first = Enumeration()
        for _ in range(_PASSES):
            first = self._enumerate()
            halves = self._by_halves(first)
            second = self._enumerate() if halves is None else halves
            first.doubtful |= halves is None and self._is_capped(first)
            extra = second.rows.keys() - first.rows.keys()
            expected = first.rows if halves is None else first.timed()
            same = not extra and expected.keys() <= second.rows.keys()
            if first.doubtful or (halves is not None and extra & missed):
                proved = same and halves is not None and not second.is_unstable
                self._reach_hidden(first, proved)
                return self._found
            if same and self._is_whole(first, second, is_by_halves=halves is not None):
                return self._found
            missed = extra
        self._reach_all(first)
        return self._found

    def _is_whole(self, first: Enumeration, second: Enumeration, *, is_by_halves: bool) -> bool:
        """Whether one of two enumerations that agree repeats no row, and so shows all.

        Halves do not show the studies without a StudyTime.
        """
        if not first.is_unstable:
            return True
        is_all_timed = len(self._found.timed()) == len(self._found.rows)
        return not second.is_unstable and (is_all_timed or not is_by_halves)

    def _is_capped(self, day: Enumeration) -> bool:
        """Whether the days around, this one among them, show what the day alone should show too.

        Others and still no more rows, or studies of this very day that it does not show.
        """
        first, last = self._day - _DAYS_AROUND, self._day + _DAYS_AROUND
        if not day.rows:
            return False
        try:
            around = self._page_through({"StudyDate": f"{first:%Y%m%d}-{last:%Y%m%d}"})
        except (StudyTimeError, CappedError):
            return False  # the range is refused, or shows more than any day holds
        of_day = {key: row for key, row in around.rows.items() if self._is_of_day(row)}
        hidden = of_day.keys() - day.rows.keys()
        self._found.rows = of_day | self._found.rows
        self._shown_by_range |= hidden
        if hidden:
            return True
        if len(day) < 2:
            return False
        return len(around) <= len(day) and bool(around.rows.keys() - day.rows.keys())

    def _is_of_day(self, row: Row) -> bool:
        try:
            return study_day(row, STUDY_DATE) == self._day
        except UnreadableDateError:
            return False

    def _reach_hidden(self, first: Enumeration, proved: bool) -> None:
        """Finds what the cap that showed in ``first`` hides."""
        if len(self._found.timed()) < len(self._found.rows):
            raise CappedError("and some of this day's have no StudyTime to ask by")
        if not proved or not first.covers(self._found):
            self._reach(first.rows.keys() | self._shown_by_range, len(first))

    def _reach_all(self, last: Enumeration) -> None:
        """Finds all studies of a day whose enumerations never came to rest."""
        self._is_unstable = True
        if self._found.rejected or len(self._found.timed()) < len(self._found.rows):
            raise CappedError("and some of this day's have no StudyTime to ask by")
        self._reach(last.rows.keys(), MAX_ROWS)

    def _reach(self, known: Set[str], cap: int) -> None:
        reached = Enumeration()
        for piece in self._pieces(0, _LAST_MINUTE, cap):
            reached.add(piece)
        if not known <= reached.rows.keys():
            raise CappedError(_NOT_HEEDED)

    def _pieces(self, first: int, last: int, cap: int) -> Iterator[Enumeration]:
        """The day in windows that each show fewer rows than ``cap``, on one page.

        So none is hidden, and the order of the pages loses none.
        """
        if first == last:
            raise CappedError("even within one minute")
        middle = (first + last) // 2
        for start, end in ((first, middle), (middle + 1, last)):
            piece = self._window(start, end)
            if piece is None:
                raise CappedError(_NOT_HEEDED)
            is_shown = piece.fits_one_page or self._is_settled(start, end, piece)
            if len(piece) >= cap or not is_shown:
                yield from self._pieces(start, end, cap)
            else:
                yield piece

    def _is_settled(self, first: int, last: int, piece: Enumeration) -> bool:
        """Whether a minute that fills several pages is listed twice alike, no row on two pages."""
        if first < last or piece.is_unstable:
            return False
        again = self._window(first, last)
        return (
            again is not None and not again.is_unstable and again.rows.keys() == piece.rows.keys()
        )

    def _by_halves(self, whole: Enumeration) -> Enumeration | None:
        """The day again, split where about half of its studies lie on either side.

        None if that proves nothing: one start time alone, or StudyTime not heeded.
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
            halves.is_unstable |= half.is_unstable
        return halves

    def _window(self, first: int, last: int) -> Enumeration | None:
        """One window of StudyTime, None if the server refuses or ignores the filter."""
        try:
            window = self._enumerate({"StudyTime": time_range(first, last)})
        except StudyTimeError:
            return None
        heeded = all(first <= minute <= last for minute in window.timed().values())
        return window if heeded else None

    def _enumerate(self, more: Mapping[str, str] | None = None) -> Enumeration:
        listing = self._page_through({**self._filters, **(more or {})})
        self._found.add(listing)
        return listing

    def _page_through(self, filters: Mapping[str, str]) -> Enumeration:
        listing = enumerate_checked(self._ask, filters, self._page_size)
        self._is_unstable |= listing.is_unstable
        return listing

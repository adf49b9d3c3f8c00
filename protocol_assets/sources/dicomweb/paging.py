"""Paging through a listing of a server that may ignore offsets, repeat rows or change their order.

Pure but for the ``Ask`` it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from protocol_assets.sources.dicomweb.attributes import STUDY_TIME, STUDY_UID, minute_of_day, uid
from protocol_assets.sources.dicomweb.rows import merge_rows

__all__ = [
    "MAX_ROWS",
    "Ask",
    "CappedError",
    "Enumeration",
    "Page",
    "StudyTimeError",
    "UnstableError",
    "enumerate_checked",
    "enumerate_rows",
    "enumerate_settled",
]

Row = dict[str, Any]

_PASSES_UNTIL_SETTLED: Final = 8
MAX_ROWS: Final = 20_000


class CappedError(Exception):
    """The day cannot be proved whole; ``args[0]`` says why, without identifiers."""


class UnstableError(CappedError):
    """The order of the rows changes from page to page, and no way round it was found."""


class StudyTimeError(Exception):
    """To be raised by an ``Ask``: the server refuses a filter by StudyTime or a range of days.

    It may say so with any status that is not passing: 400, 413, 500, 501.
    """


@dataclass(frozen=True)
class Page:
    """One answer: its rows, whether a Warning header reported more, whether it was a refusal."""

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
        is_unstable: A row came on two pages, so that another may be on none.
        pages: Pages that brought something new.
        fits_one_page: All of it came on the first page, so that its order does not matter.
        second_at: Offset of the second page.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    rejected: set[bytes] = field(default_factory=set)
    doubtful: bool = False
    is_unstable: bool = False
    pages: int = 0
    fits_one_page: bool = False
    second_at: int = 0

    def __len__(self) -> int:
        return len(self.rows) + len(self.rejected)

    def add(self, other: Enumeration) -> None:
        """Takes in the rows of ``other``."""
        self.rows |= other.rows
        self.rejected |= other.rejected

    def covers(self, other: Enumeration) -> bool:
        """Whether it has every row of ``other``."""
        return other.rows.keys() <= self.rows.keys() and other.rejected <= self.rejected

    def timed(self) -> dict[str, int]:
        """UID to minute of the day, of the rows that have a StudyTime."""
        minutes = {key: minute_of_day(row, STUDY_TIME) for key, row in self.rows.items()}
        return {key: minute for key, minute in minutes.items() if minute is not None}


def enumerate_rows(
    ask: Ask, filters: Mapping[str, str], page_size: int, tag: str = STUDY_UID
) -> Enumeration:
    """Pages through a listing until a page is empty, or two in a row bring nothing new.

    Raises:
        CappedError: It does not end within 20,000 rows.
    """
    listing = Enumeration()
    offset, largest, warned, stale = 0, 0, False, 0
    first: frozenset[str] = frozenset()
    last = ""
    has_one_page = True
    while (page := ask(filters, page_size, offset)).rows:
        shown = _shown(page.rows, listing, tag)
        keys = [uid(row, tag) or "" for row in page.rows]
        first = first or frozenset(keys)
        has_one_page &= frozenset(keys) == first
        is_new = not listing.covers(shown)
        if is_new:
            # What comes after a page of known rows shows that its rows took the place of others.
            listing.is_unstable |= stale > 0 or _is_repeated(page.rows, keys, listing, last)
            listing.pages += 1
        stale = 0 if is_new else stale + 1
        listing.add(shown)
        if stale > 1:
            break
        if offset > MAX_ROWS:
            raise CappedError("more than 20,000 rows; does it ignore the StudyDate filter?")
        # Several rows of one study count; a row that is repeated as it is does not.
        repeats = len(shown) < len(page.rows)
        offset += len({orjson.dumps(row) for row in page.rows}) if repeats else len(shown)
        largest, warned, last = max(largest, len(page.rows)), page.warned, keys[-1]
        listing.second_at = listing.second_at or offset
    if stale > 1 and has_one_page:
        # Offset ignored: a full page may be all that this server ever shows.
        listing.doubtful |= largest >= page_size
    else:
        listing.is_unstable |= stale > 0
    listing.fits_one_page = has_one_page and not (listing.doubtful or listing.is_unstable)
    # A refusal after a full page may be the end, or all that this server ever shows.
    listing.doubtful |= page.is_refused and largest >= page_size
    # A Warning before the last page is ordinary; one row over the limit is how Orthanc caps.
    listing.doubtful |= warned or largest == page_size + 1
    return listing


def _shown(rows: Sequence[Row], listing: Enumeration, tag: str) -> Enumeration:
    """The rows of one page, each merged with what is known of it."""
    shown = Enumeration()
    for row in rows:
        key = uid(row, tag)
        if key is None:
            shown.rejected.add(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))
        else:
            before = shown.rows.get(key) or listing.rows.get(key)
            shown.rows[key] = merge_rows(before, row)
    return shown


def _is_repeated(rows: Sequence[Row], keys: Sequence[str], listing: Enumeration, last: str) -> bool:
    """Whether a page repeats what an earlier one has shown.

    A server may list a study in several rows, which differ and follow each other: the last study of
    one page goes on at the beginning of the next.
    """
    for row, key in zip(rows, keys, strict=True):
        before = listing.rows.get(key)
        if before is not None and (key != last or before == row):
            return True
        last = last if before is not None else ""
    return False


def enumerate_checked(
    ask: Ask, filters: Mapping[str, str], page_size: int, tag: str = STUDY_UID
) -> Enumeration:
    """Enumerates a listing, and asks whether a row lies between its first page and its second.

    So it is where a server takes an offset for another one than was meant.

    Raises:
        CappedError: It does not end within 20,000 rows.
    """
    listing = enumerate_rows(ask, filters, page_size, tag)
    if listing.pages > 1 or (listing.fits_one_page and listing.second_at >= page_size):
        between = _shown(ask(filters, page_size, listing.second_at - 1).rows[:1], listing, tag)
        if not listing.covers(between):
            listing.is_unstable, listing.fits_one_page = True, False
            listing.add(between)
    return listing


def enumerate_settled(
    ask: Ask, filters: Mapping[str, str], page_size: int, tag: str = STUDY_UID
) -> Enumeration:
    """Enumerates a listing again, and takes the union, until no row comes on two pages.

    Raises:
        UnstableError: Its order changes again and again.
        CappedError: It does not end within 20,000 rows.
    """
    found = Enumeration()
    for _ in range(_PASSES_UNTIL_SETTLED):
        once = enumerate_checked(ask, filters, page_size, tag)
        is_whole = not once.is_unstable and once.covers(found)
        found.add(once)
        found.doubtful |= once.doubtful
        if is_whole:
            return found
    raise UnstableError("rows come on two pages")

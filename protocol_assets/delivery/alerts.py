"""The findings that are worth an alert, one line each that identifies nobody. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from protocol_assets.delivery.outbox import Outbox, Told
from protocol_assets.figures.findings import ALARMS, is_closed, is_seen
from protocol_assets.reports.content.drift import drift
from protocol_assets.reports.texts import Texts

__all__ = ["finding_line", "keep_findings", "one_message"]

Row = Mapping[str, Any]

_MOST_LINES: Final = 50


def keep_findings(
    entries: Outbox, rows: Iterable[Row], channels: Iterable[str], language: str
) -> None:
    """Add the drifts and relapses that are new, or new again.

    A finding is sent once. It is new again when people had closed it and it is open again, or when
    all exams that differ now are later than those that differed before. The days are compared, so
    a finding that falls below its threshold for a day and comes back is the same finding.

    Args:
        entries: What was sent before; changed.
        rows: Of ``published_findings``.
        channels: Where new ones go.
        language: Of the lines.
    """
    for row in rows:
        if row["kind"] not in ALARMS:
            continue
        key, told = row["finding_key"], entries.get(row["finding_key"])
        if is_closed(row):
            if told is not None:
                told.is_over, told.waits_for = True, []
            continue
        if not is_seen(row):
            continue
        last = _iso(row["last_day"] or row["first_day"] or row["as_of"])
        if told is None or told.is_over or _iso(row["first_day"]) > told.since:
            entries[key] = Told(finding_line(row, language), last, waits_for=list(channels))
        else:
            told.since = max(told.since, last)


def finding_line(row: Row, language: str) -> str:
    """A finding in one line, in the words of the report.

    Args:
        row: Of ``published_findings``.
        language: BCP 47 tag.
    """
    (entries,) = drift([row], Texts(language), most=None).tables[0].rows
    name, kind, parameter, values, share, since, _ = entries
    details = [share.text] if row["share_affected"] is not None else []
    details += [since.text] if row["first_day"] is not None else []
    what = ", ".join([f"{parameter.text} {values.text}", *details])
    return _one_line(f"{kind.text.capitalize()}: {name.below}: {name.text}: {what}")


def one_message(lines: Sequence[str]) -> tuple[str, str]:
    """Subject and text of the message that tells of some things; the numbers need no language."""
    subject = lines[0] if len(lines) == 1 else f"({len(lines)}) {lines[0]}"
    more = [f"(+{len(lines) - _MOST_LINES})"] if len(lines) > _MOST_LINES else []
    return subject, "\n".join([*lines[:_MOST_LINES], *more]) + "\n"


def _iso(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


def _one_line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())

"""The requests to a PACS in the last days: one static page for its administrator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from protocol_assets.lake.zones import Lake
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.rate_limit.store import HourLoad, read_load

__all__ = ["load_page", "write_load_page"]

_DAYS: Final = 7
_BAR: Final = 160
_STYLE: Final = (
    "body{font:15px/1.4 sans-serif;margin:2em auto;max-width:50em}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.2em .6em;text-align:right}"
    "th{border-bottom:1px solid}td:first-child,th:first-child{text-align:left}"
    "i{display:inline-block;height:.7em;background:#4477aa}"
)


def write_load_page(lake: Lake, endpoint: Endpoint, now: dt.datetime) -> None:
    """Write the page to ``Lake.load_page``."""
    page = load_page(endpoint, read_load(lake, endpoint.name), now)
    lake.storage.objects.write(lake.load_page(endpoint.name), page.encode(), flush=False)


def load_page(endpoint: Endpoint, load: Mapping[str, HourLoad], now: dt.datetime) -> str:
    """Yesterday by the hour, the last days by day, and the agreed limits; no script, no link."""
    today = now.astimezone(ZoneInfo(endpoint.rate_limits.timezone)).date()
    yesterday = today - dt.timedelta(days=1)
    hours = {hour[11:] + ":00": one for hour, one in load.items() if hour[:10] == f"{yesterday}"}
    days = [today - dt.timedelta(days=n) for n in range(_DAYS + 1)]
    by_day = {f"{day}": _sum(load, f"{day}") for day in days}
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(endpoint.name)}: '
        f"load by protocol-assets</title><style>{_STYLE}</style>"
        f"<h1>What protocol-assets asked of {escape(endpoint.name)}</h1>"
        f"<p>{escape(_agreed(endpoint))}</p>"
        f"<h2>Yesterday, {yesterday}, by the hour</h2>{_table('hour', hours)}"
        f"<h2>By day</h2>{_table('day', {day: one for day, one in by_day.items() if one.requests})}"
        "</html>\n"
    )


def _agreed(endpoint: Endpoint) -> str:
    rate_limits = endpoint.rate_limits
    hours = ", ".join(map(str, rate_limits.hours)) or "at any time"
    closed = f", not in maintenance ({', '.join(map(str, rate_limits.maintenance))})"
    return (
        f"Agreed: at most {endpoint.workers} requests at the same time and "
        f"{rate_limits.requests_per_second:g} a second, {hours}"
        f"{closed if rate_limits.maintenance else ''}; times in {rate_limits.timezone}. "
        "Metadata alone is read, never an image. To stop it: protocol-assets pause "
        f"{endpoint.name}."
    )


def _sum(load: Mapping[str, HourLoad], day: str) -> HourLoad:
    total = HourLoad()
    for hour, one in load.items():
        if hour[:10] == day:
            total.requests += one.requests
            total.retries += one.retries
            total.received += one.received
            total.seconds += one.seconds
            total.busy += one.busy
            total.failed += one.failed
    return total


def _table(heading: str, rows: Mapping[str, HourLoad]) -> str:
    if not rows:
        return "<p>Nothing was asked.</p>"
    most = max(one.requests for one in rows.values())
    lines = [
        f"<tr><th>{heading}<th>requests<th>of them again<th>MB<th>seconds<th>429, 503<th>failed<th>"
    ]
    lines += [
        f"<tr><td>{escape(name)}<td>{one.requests}<td>{one.retries}<td>{one.received / 1e6:.1f}"
        f"<td>{one.seconds:.0f}<td>{one.busy}<td>{one.failed}"
        f'<td style="text-align:left"><i style="width:{_BAR * one.requests // most}px"></i>'
        for name, one in rows.items()
    ]
    return f"<table>{''.join(lines)}</table>"

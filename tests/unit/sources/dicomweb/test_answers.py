"""Retry-After as servers and proxies write it."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.sources.dicomweb.answers import asked_wait

MOMENT = datetime(2024, 3, 5, 12, tzinfo=UTC)
IN_9_S = format_datetime(datetime(2024, 3, 5, 12, 0, 9, tzinfo=UTC), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("007", 7.0),
        ("9" * 12, float("9" * 12)),
        ("9" * 400, float("inf")),
        (IN_9_S, 9.0),
        ("Tuesday, 05-Mar-24 12:00:09 GMT", 9.0),
        ("Tue Mar  5 12:00:09 2024", 9.0),
        ("Tue, 05 Mar 2024 13:00:09 +0100", 9.0),
        ("Tue, 05 Mar 2024 11:00:00 GMT", 0.0),
        ("5, 20", 20.0),
        (f"5, {IN_9_S}", 9.0),
        (f"{IN_9_S}, 20", 20.0),
        ("soon, 20", 20.0),
        *((garbage, None) for garbage in ("", "-5", "1e3", "inf", "nan", "0x10", "2 minutes")),
        *((garbage, None) for garbage in ("soon", "+5", "1.", ".5", "٣", "Tue, 99 Foo 2024")),
        ("Tue, 05 Mar 99999 12:00:09 GMT", None),
        ("Tue, 45 Mar 2024 12:00:09 GMT", None),
        (None, None),
    ],
)
def test_retry_after_in_every_form(header: str | None, seconds: float | None) -> None:
    assert asked_wait(header, MOMENT) == seconds


@given(st.text() | st.text("0123456789., -:GMTueMar", max_size=60))
def test_no_retry_after_breaks_anything(header: str) -> None:
    wait = asked_wait(header, MOMENT)
    assert wait is None or wait >= 0

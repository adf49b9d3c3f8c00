from datetime import date, datetime

import pytest

from protocol_assets_simulator.clock import transitions, wall

SPRING, AUTUMN = date(2025, 3, 30), date(2025, 10, 26)


def test_the_days_when_clocks_change() -> None:
    found = transitions(date(2025, 1, 1), date(2025, 12, 31))
    assert found == [(SPRING, 2 * 3600), (AUTUMN, 3 * 3600)]
    assert transitions(date(2025, 4, 1), date(2025, 9, 1)) == []


@pytest.mark.parametrize(
    ("day", "start_s", "seconds", "shown"),
    [
        (SPRING, 7000, 7100, datetime(2025, 3, 30, 1, 58, 20)),
        (SPRING, 7000, 7300, datetime(2025, 3, 30, 3, 1, 40)),
        (AUTUMN, 10600, 10700, datetime(2025, 10, 26, 2, 58, 20)),
        (AUTUMN, 10600, 10900, datetime(2025, 10, 26, 2, 1, 40)),
    ],
)
def test_an_exam_across_the_change(
    day: date, start_s: float, seconds: float, shown: datetime
) -> None:
    assert wall(day, start_s, seconds, 0, crosses_dst=True) == shown


def test_midnight_and_a_clock_that_runs_ahead() -> None:
    day = date(2026, 2, 3)
    assert wall(day, 86_000, 86_460, 0, crosses_dst=False) == datetime(2026, 2, 4, 0, 1)
    assert wall(day, 3600, 3600, 3600, crosses_dst=False) == datetime(2026, 2, 3, 2)

"""The ledger of reports: once a day and address, across processes that race or die."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import pytest

from protocol_assets.delivery.ledger import newest_delivery, open_deliveries
from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake

DAY = dt.date(2026, 3, 4)
CHIEF, HEAD = "chief@hospital.example", "head@hospital.example"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.prepare()
    return lake


def test_what_is_marked_stays_marked(lake: Lake) -> None:
    with open_deliveries(lake, "chiefs", DAY) as deliveries:
        assert deliveries.untold([CHIEF, HEAD]) == [CHIEF, HEAD]
        deliveries.mark([CHIEF], "sent")
    with open_deliveries(lake, "chiefs", DAY) as deliveries:
        assert deliveries.having("sent", [CHIEF, HEAD]) == [CHIEF]
        assert deliveries.untold([CHIEF, HEAD]) == [HEAD]
    for name, day in (("chiefs", DAY + dt.timedelta(days=1)), ("others", DAY)):
        with open_deliveries(lake, name, day) as deliveries:
            assert deliveries.untold([CHIEF]) == [CHIEF]


def test_a_claim_is_on_disk_before_anything_is_sent(lake: Lake) -> None:
    with open_deliveries(lake, "chiefs", DAY) as deliveries:
        deliveries.mark([CHIEF], "claimed")
        (path,) = lake.local_path(lake.deliveries).rglob("*.json")
        assert "claimed" in path.read_text()
    with open_deliveries(lake, "chiefs", DAY) as after_the_crash:
        assert after_the_crash.having("claimed", [CHIEF]) == [CHIEF]
        assert after_the_crash.untold([CHIEF]) == []
        after_the_crash.mark([CHIEF], None)
        assert after_the_crash.untold([CHIEF]) == [CHIEF]


def test_addresses_are_not_written_down(lake: Lake) -> None:
    with open_deliveries(lake, "chiefs", DAY) as deliveries:
        deliveries.mark([CHIEF], "sent")
    (path,) = lake.local_path(lake.deliveries).rglob("*.json")
    assert "chief@" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_of_two_that_race_one_sends(lake: Lake) -> None:
    sent: list[str] = []

    def run() -> None:
        with open_deliveries(lake, "chiefs", DAY) as deliveries:
            for address in deliveries.untold([CHIEF]):
                deliveries.mark([address], "claimed")
                sent.append(address)
                deliveries.mark([address], "sent")

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sent == [CHIEF]


def test_the_newest_day_is_known(lake: Lake) -> None:
    assert newest_delivery(lake, "chiefs") is None
    for day in (DAY, DAY - dt.timedelta(days=2)):
        with open_deliveries(lake, "chiefs", day) as deliveries:
            deliveries.mark([CHIEF], "sent")
    assert newest_delivery(lake, "chiefs") == DAY


def test_a_damaged_ledger_sends_nothing(lake: Lake) -> None:
    with open_deliveries(lake, "chiefs", DAY) as deliveries:
        deliveries.mark([CHIEF], "sent")
    (path,) = lake.local_path(lake.deliveries).rglob("*.json")
    for content in ("{", "[]", ""):
        path.write_text(content)
        with pytest.raises(Fault, match="damaged"), open_deliveries(lake, "chiefs", DAY):
            pass

"""One landing at a time talks to a PACS, whatever launched it."""

from __future__ import annotations

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.landing import land_partition
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.sources.dicomweb.effort import Effort
from protocol_assets.sources.dicomweb.rows import DayListing
from tests.unit.ingest.fake_pacs import endpoint

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
DAYS = [dt.date(2026, 3, n) for n in range(1, 5)]


class Pacs:
    """Counts who talks to it at once."""

    endpoint = endpoint()
    effort = Effort()
    guard = threading.Lock()

    def __init__(self) -> None:
        self.talking = self.most = 0

    def require_leave(self) -> None:
        pass

    def list_day(self, day: dt.date) -> Any:
        with self.guard:
            self.talking += 1
            self.most = max(self.most, self.talking)
        time.sleep(0.02)
        with self.guard:
            self.talking -= 1
        return DayListing(day, ())


def test_partitions_of_one_pacs_land_one_after_the_other_and_two_pacs_at_once(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    one, both = Pacs(), threading.Barrier(2)

    def land(day: dt.date, name: str, pacs: Any) -> None:
        land_partition(pacs, lake, Partition(day, name), PSEUDONYMS)

    with ThreadPoolExecutor(len(DAYS)) as pool:
        list(pool.map(lambda day: land(day, "main", one), DAYS))
    assert one.most == 1

    class Meets(Pacs):
        def list_day(self, day: dt.date) -> Any:
            both.wait(20)
            return super().list_day(day)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: land(DAYS[0], name, Meets()), ["north", "south"]))
    assert len(lake.landed_partitions()) == len(DAYS) + 2

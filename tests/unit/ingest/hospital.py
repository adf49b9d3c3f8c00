"""A hospital of two study days that lands in a home, for the tests of what happens to it later."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.governance.do_not_process import excludes
from protocol_assets.ingest.stages import Stages
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.sources.dicomweb.reconcile import (
    Instance,
    ListedStudy,
    ReceivedStudy,
    reconcile,
)
from protocol_assets.sources.dicomweb.retrieval import Retrieved

from .fake_pacs import FakePacs

SECRET = bytes(range(32)).hex()
PSEUDONYMS = Pseudonyms.from_secret(SECRET, demo=False)
OLD, NEW = Partition(dt.date(2026, 3, 2), "main"), Partition(dt.date(2026, 3, 3), "main")


def instance(day: dt.date, number: int) -> dict[str, Any]:
    values = {
        "0020000D": ("UI", f"1.2.{day.day}.{number}"),
        "0020000E": ("UI", f"1.2.{day.day}.{number}.1"),
        "00080018": ("UI", f"1.2.{day.day}.{number}.1.1"),
        "00080016": ("UI", "1.2.840.10008.5.1.4.1.1.4"),
        "00080060": ("CS", "MR"),
        "00080008": ("CS", "ORIGINAL"),
        "00080020": ("DA", f"{day:%Y%m%d}"),
        "00080032": ("TM", f"{10 + number}0000"),
        "00080070": ("LO", "SIEMENS"),
        "00081010": ("SH", "ROOM7"),
        "00181000": ("LO", f"4711{number % 2}"),
        "00100010": ("PN", {"Alphabetic": f"Penrose{number}^Harriet"}),
        "00100020": ("LO", f"PAT{number}"),
        "00080050": ("SH", f"ACC{day.day}-{number}"),
        "0008103E": ("LO", "SAG T2" if number else "SAG T2 PENROSE0"),
        "00180080": ("DS", 560),
    }
    return {tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in values.items()}


@dataclass
class Hospital(FakePacs):
    """Gives each day's studies 0 to 2, of patients PAT0 to PAT2."""

    day: dt.date = OLD.day
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Hospital:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def list_day(self, day: dt.date) -> Any:
        self.day = day
        self.studies = [ListedStudy(f"1.2.{day.day}.{number}", 1, 1) for number in range(3)]
        return super().list_day(day)

    def retrieve(self, study: ListedStudy, *, unless: str = "") -> Retrieved | None:
        self.asked.append(study.study_instance_uid)
        content = ReceivedStudy(study.study_instance_uid)
        number = int(study.study_instance_uid.rsplit(".", 1)[-1])
        content.add([Instance.of(instance(self.day, number))])
        return Retrieved(content, reconcile(study, content))


def stages_of(lake: Lake, pacs: Hospital, pseudonyms: Pseudonyms = PSEUDONYMS) -> Stages:
    return Stages(
        MR,
        lake,
        pseudonyms,
        lambda _: pacs,  # type: ignore[arg-type,return-value]
        lambda *_: None,
        is_excluded=excludes(lake),
    )


def pass_stages(stages: Stages, *, lands: bool = True) -> None:
    """Land, flatten and project both partitions, as the assets do."""
    partitions = [OLD, NEW]
    for stage in (stages.land, stages.flatten, stages.project)[not lands :]:
        result = stage(partitions)
        assert not result.refused, result.refused

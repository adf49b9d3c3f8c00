"""The order in which a day's studies are retrieved."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from protocol_assets.cells.landing import land_cell
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.lake.zones import Cell, Lake
from protocol_assets.pacs.errors import PacsError
from protocol_assets.pacs.reconcile import ListedStudy, reconcile

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
CELL = Cell(dt.date(2026, 3, 2), "main")


class PacsThatWithholds:
    """Lists eight studies and never gives the first five."""

    endpoint = SimpleNamespace(workers=1)

    def list_day(self, day: dt.date) -> Any:
        studies = tuple(ListedStudy(f"1.2.{number}", 1, 1) for number in range(1, 9))
        return SimpleNamespace(day=day, studies=studies, rejected=0)

    def retrieve_reconciled(self, study: ListedStudy) -> Any:
        uid = study.study_instance_uid
        if uid <= "1.2.5":
            raise PacsError("main", "bad_status", 404)
        instance = {
            "0020000D": {"vr": "UI", "Value": [uid]},
            "00080018": {"vr": "UI", "Value": [f"{uid}.1"]},
        }
        return [instance], reconcile(study, [instance])


def test_studies_that_always_fail_do_not_hold_up_the_others(tmp_path: Path) -> None:
    landed = []
    for _ in range(3):
        manifest = land_cell(PacsThatWithholds(), Lake(tmp_path), CELL, PSEUDONYMS)  # type: ignore[arg-type]
        landed.append(manifest.count("landed"))
    assert landed == [0, 3, 3]
    assert manifest.count("failed") == 5
    assert all(entry.tries > 0 for entry in manifest.studies if entry.state == "failed")

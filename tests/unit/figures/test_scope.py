from __future__ import annotations

import pytest

from protocol_assets.figures.scope import Scope
from tests.unit.reports.marts import made


@pytest.mark.parametrize(
    ("scope", "scanner", "site", "is_included"),
    [
        (Scope(), "MR 1", "North", True),
        (Scope(), None, None, True),
        (Scope(sites=("North",)), "MR 1", "North", True),
        (Scope(sites=("North",)), "MR 1", "South", False),
        (Scope(sites=("North",)), "MR 1", None, False),
        (Scope(scanners=("MR 1", "CT 2")), "MR 1", None, True),
        (Scope(scanners=("MR ?",)), "MR 12", "North", False),
        (Scope(scanners=("MR *",)), "mr 12", "North", False),
        (Scope(scanners=("*",)), None, "North", False),
        (Scope(sites=("North",), scanners=("MR *",)), "MR 1", "South", False),
    ],
)
def test_what_belongs_to_a_scope(
    scope: Scope, scanner: str | None, site: str | None, is_included: bool
) -> None:
    assert scope.includes(scanner, site) is is_included


def test_a_report_of_a_group_shows_nothing_of_other_scanners() -> None:
    shown = made(scope=Scope(scanners=("Scanner *",)))
    assert [one.label for one in shown.scanners] == ["Scanner BDOD3X"]
    rows = (*shown.potential.live, *shown.changes, *shown.findings)
    assert {row["scanner_label"] for row in rows} == {"Scanner BDOD3X"}
    assert shown.potential.minutes is not None
    assert shown.potential.minutes.value == 100
    assert shown.potential.trend == []

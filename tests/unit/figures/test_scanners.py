from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.figures.monthly import monthly_values
from protocol_assets.figures.scanners import slug
from protocol_assets.reports.texts import Texts
from tests.unit.reports.marts import FIGURES, MONTHS, WILD_NAMES, exams, made, monthly


@given(st.text(max_size=200))
def test_a_slug_is_a_safe_file_name_in_any_script(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{10}", slug(name))
    assert slug(name) == slug(name)


def test_names_that_read_alike_have_pages_of_their_own() -> None:
    names = ("MR 1", "mr 1", "MR-1", "MR  1", "MR１", "МР 1", *WILD_NAMES)
    assert len({slug(name) for name in names}) == len(names)
    assert slug("MR 1").startswith("mr-1-")
    assert slug("磁気共鳴").startswith("scanner-")


def test_a_scanner_weighs_its_protocols_by_their_acquisitions() -> None:
    rows = [
        monthly("A", "Sag T1", 3.0, acquisitions_with_nex=5),
        monthly("A", "Sag T2", 1.0, acquisitions_with_nex=15),
    ]
    nex = monthly_values(rows)
    assert nex is not None
    assert nex.mean == 1.5


def test_coverage_counts_only_acquisitions_that_are_eligible_for_nex() -> None:
    rows = [
        monthly("A", "T1", 2.0, acquisitions=20, acquisitions_with_nex=10, nex_coverage=0.5),
        monthly("A", "silent", None, acquisitions=5, acquisitions_with_nex=0, nex_coverage=0.0)
        | {"acquisitions_nex_eligible": 5},
        monthly("A", "diffusion", None, acquisitions=40, acquisitions_with_nex=0)
        | {"nex_coverage": None, "acquisitions_nex_eligible": 0},
    ]
    nex = monthly_values(rows)
    assert nex is not None
    assert nex.coverage == 10 / 25
    assert nex.acquisitions == 65


def test_what_is_not_told_is_no_mean() -> None:
    nex = monthly_values(
        [monthly("A", "T1", None, acquisitions_with_nex=None, scan_time_sum_s=None)]
    )
    assert nex is not None
    assert (nex.mean, nex.scan_time_s, nex.scan_time_coverage) == (None, None, None)


def test_the_scanner_with_the_most_minutes_comes_first() -> None:
    assert [one.label for one in FIGURES["whole"].scanners] == ["MR 2", "Scanner BDOD3X"]


def test_all_scanners_share_their_months_and_a_missing_one_stays_empty() -> None:
    rows = [exams("A", MONTHS[0], 10), exams("A", MONTHS[2], 10), exams("B", MONTHS[-1], 9)]
    scanners = {one.label: one for one in made(exam_monthly=rows).scanners}
    told = {
        name: [row is not None for _, row in scanners[name].months] for name in ("A", "B", "MR 2")
    }
    assert told["A"] == [True, False, True, False, False, False]
    assert told["B"] == [False] * 5 + [True]
    assert [month for month, _ in scanners["B"].months] == list(MONTHS)
    assert not any(told["MR 2"])


def test_a_scanner_without_a_name_has_no_page() -> None:
    assert FIGURES["names withheld"].scanners == []


@pytest.mark.parametrize(
    ("changed", "device"),
    [
        ({}, "Siemens Healthineers Aera, 1.5\u00a0T"),
        ({"model": None}, "Siemens Healthineers, 1.5\u00a0T"),
        ({"field_strength_t": None}, "Siemens Healthineers Aera"),
        ({"vendor": None}, "Aera, 1.5\u00a0T"),
    ],
)
def test_a_device_is_told_as_far_as_it_is_known(changed: dict[str, None], device: str) -> None:
    shown = made(
        nex_monthly=[monthly("A", "T1", 2.0, **changed)],
        exam_monthly=[],
        published_opportunities=[],
        published_verification=[],
        published_exam_shifts=[],
        published_findings=[],
    )
    assert [Texts("en").device(one.device) for one in shown.scanners] == [device]

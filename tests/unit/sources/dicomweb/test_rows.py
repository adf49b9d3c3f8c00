"""The rows of a listing as the studies of one day: nothing is left out without a count."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import pytest

from protocol_assets.sources.dicomweb.rows import (
    DayListing,
    has_only_companions,
    listed_study,
    merge_all,
    studies_of_day,
)

DAY = dt.date(2026, 3, 2)


def row(uid: str = "1.2.3", **changes: Any) -> dict[str, Any]:
    values = {
        "0020000D": uid,
        "00080020": "20260302",
        "00080061": ["MR"],
        "00201206": 2,
        "00201208": 8,
        **{name.removeprefix("t"): value for name, value in changes.items()},
    }
    return {
        tag: {"Value": value if isinstance(value, list) else [value]}
        for tag, value in values.items()
        if value is not None
    }


def of_day(*rows: dict[str, Any], rejected: tuple[dict[str, Any], ...] = ()) -> DayListing:
    return studies_of_day(rows, map(orjson.dumps, rejected), DAY, ("MR",))


def uids(listing: DayListing) -> list[str]:
    return [study.study_instance_uid for study in listing.studies]


def test_iso_dates_are_read() -> None:
    listing = of_day(row("1", t00080020="2026-03-02"), row("2", t00080020="2026-03-03"))
    assert (uids(listing), listing.rejected) == (["1"], 0)


def test_rows_whose_date_cannot_be_read_are_counted() -> None:
    listing = of_day(row("1"), row("2", t00080020="02.03.2026"))
    assert (uids(listing), listing.rejected) == (["1"], 1)


def test_a_row_without_a_date_is_believed_where_the_filter_is_heeded() -> None:
    assert uids(of_day(row("1"), row("2", t00080020=None))) == ["1", "2"]


def test_a_row_without_a_date_is_counted_where_the_filter_is_ignored() -> None:
    listing = of_day(row("1"), row("2", t00080020=None), row("3", t00080020="20260303"))
    assert (uids(listing), listing.rejected) == (["1"], 1)


def test_rows_without_a_valid_uid_are_counted_on_their_day() -> None:
    listing = of_day(
        row("1"),
        rejected=(
            row("1.2/3"),
            row("x", t00080020="20260303"),
            row("y", t00080061=["CT"]),
            row("z", t00080061=None),
        ),
    )
    assert listing.rejected == 2
    assert [study.modalities for study in listing.others] == [("CT",)]


@pytest.mark.parametrize(
    ("modalities", "is_wanted", "is_companion"),
    [
        (["MR", "KO"], True, False),
        (["KO"], False, True),
        (["PT"], False, True),
        (["CT"], False, False),
        (["CT", "SR"], False, False),
        (["*"], True, False),
        (["M*"], True, False),
        ([], True, True),
        (None, True, True),
    ],
)
def test_modalities(modalities: Any, is_wanted: bool, is_companion: bool) -> None:
    listing = of_day(row(t00080061=modalities))
    assert bool(listing.studies) is is_wanted
    assert len(listing.studies) + len(listing.others) == 1
    assert has_only_companions((*listing.studies, *listing.others)[0]) is is_companion


def test_several_rows_of_one_study_are_one_study_with_all_modalities() -> None:
    study = listed_study(merge_all([row(t00080061=["CT"]), row(t00080061=["MR", "SR"])]))
    assert (study.modalities, study.instances, study.is_ambiguous) == (("CT", "MR", "SR"), 8, False)
    assert study.is_counted


def test_counts_of_several_rows_that_differ_prove_nothing() -> None:
    study = listed_study(merge_all([row(t00201208=3), row(t00201208=5)]))
    assert (study.instances, study.is_ambiguous, study.is_counted) == (5, True, False)
    study = listed_study(merge_all([row(t00201208="8"), row(t00201208=8.0)]))
    assert study.is_counted

"""Coverage by vendor and SOP class: which threshold holds, and for whose series."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest

from protocol_assets.deidentify.policy import facts_schema
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.quality import thresholds
from protocol_assets.quality.suites import load_suite
from protocol_assets.quality.thresholds import (
    THRESHOLDS,
    coverage_suites,
    read_thresholds,
    thresholds_of,
)

HEADER = ("column", "vendor", "encoding", "mostly", "severity", "source")
Given = Callable[..., None]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """Puts other rows in the place of the table."""

    def put(*lines: str) -> None:
        rows = tuple(dict(zip(HEADER, line.split(","), strict=True)) for line in lines)
        monkeypatch.setattr(thresholds, "read_table", lambda _: rows)
        read_thresholds.cache_clear()

    yield put
    read_thresholds.cache_clear()


def mostly(vendor: str | None, encoding: str | None) -> dict[str, float]:
    return {one.column: one.mostly for one in thresholds_of(vendor, encoding)}


def facts(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"is_derived_only": False, **row} for row in rows], facts_schema(MR.facts_columns)
    )


def test_the_defaults_are_those_of_the_field() -> None:
    everyone = {
        "nex": 0.98,
        "tr_ms": 0.99,
        "te_ms": 0.99,
        "device_key": 0.99,
        "model": 0.99,
        "series_description_code": 0.98,
        "scan_time_s": 0.95,
    }
    assert everyone.items() <= mostly("siemens", "classic").items()
    assert everyone.items() <= mostly(None, None).items()
    assert (everyone | {"nex": 0.90}).items() <= mostly("philips", "classic").items()
    assert (everyone | {"device_key": 1.0}).items() <= mostly("ge", "enhanced").items()
    assert {one.severity for one in read_thresholds()} == {"warning"}


def test_the_row_that_says_most_holds_in_any_order(given: Given) -> None:
    given(
        "nex,ge,enhanced,0.4,warning,x",
        "nex,,,0.1,warning,x",
        "nex,,enhanced,0.2,warning,x",
        "nex,ge,,0.3,warning,x",
        "role,ge,,0.5,info,x",
    )
    assert mostly("ge", "enhanced") == {"nex": 0.4, "role": 0.5}
    assert mostly("ge", "classic") == {"nex": 0.3, "role": 0.5}
    assert mostly("uih", "enhanced") == {"nex": 0.2}
    assert mostly("uih", None) == {"nex": 0.1}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("averages,,,0.9,warning,x", "'averages' is no column"),
        ("nex,Philips,,0.9,warning,x", "'Philips' is no vendor"),
        ("nex,,multiframe,0.9,warning,x", "'multiframe' is no encoding"),
        ("nex,,,0.9,error,x", "'error' is no severity"),
        ("nex,,,90,warning,x", "at most 1, not 90"),
        ("nex,,,0,warning,x", "above 0"),
        ("nex,,,nan,warning,x", "above 0"),
        ("nex,,,90 %,warning,x", "could not convert"),
        ("tr_ms,,,0.5,warning,x", "earlier line"),
    ],
)
def test_a_row_that_cannot_be_meant_is_named(given: Given, line: str, said: str) -> None:
    given("tr_ms,,,0.9,warning,x", line)
    with pytest.raises(ValueError, match=rf"{THRESHOLDS}, line 3: .*{said}"):
        read_thresholds()


def test_every_vendor_and_encoding_is_judged_on_its_own_originals() -> None:
    table = facts(
        {"vendor": "siemens", "encoding": "classic", "nex": 1.0},
        {"vendor": "siemens", "encoding": "classic", "nex": 2.0},
        {"vendor": "siemens", "encoding": "enhanced"},
        {"vendor": None, "encoding": "classic"},
        {"vendor": "ge", "encoding": "classic", "exclusion_reason": "localizer"},
        {"vendor": "ge", "encoding": "classic", "is_derived_only": True},
        {"vendor": "uih", "encoding": "classic", "is_derived_only": None},
    )
    found = {scope: rows["nex"].to_pylist() for scope, _, rows in coverage_suites(table)}
    assert found == {
        "siemens classic": [1.0, 2.0],
        "siemens enhanced": [None],
        "uih classic": [None],
        "unknown vendor classic": [None],
    }


def test_the_same_facts_give_the_same_suites() -> None:
    rows: list[dict[str, object]] = [
        {"vendor": vendor, "encoding": "classic"} for vendor in ("uih", "ge", "philips")
    ]

    def suites(table: pa.Table) -> list[tuple[str, object]]:
        return [(scope, suite) for scope, suite, _ in coverage_suites(table)]

    assert suites(facts(*rows)) == suites(facts(*reversed(rows)))
    assert suites(facts()) == []


def test_the_facts_ask_for_the_table() -> None:
    assert load_suite("mr/series_facts")["meta"]["thresholds"] == THRESHOLDS

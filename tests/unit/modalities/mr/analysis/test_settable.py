"""A proposed setting is one that the console accepts."""

from __future__ import annotations

import pandas as pd
import pytest

from protocol_assets.modalities.mr.analysis.settable import is_settable, next_settable


@pytest.mark.parametrize(
    ("vendor", "wanted", "settable"),
    [
        ("siemens", 1.15, 2),
        ("siemens", 1.0, 1),
        ("siemens", 0.5, 1),
        ("siemens", 2.0000000001, 2),
        ("ge", 1.5, 1.5),
        ("philips", 1.15, 1.15),
        (None, 1.5, 1.5),
    ],
)
def test_the_next_settable_averages(vendor: str | None, wanted: float, settable: float) -> None:
    found = next_settable(pd.Series([wanted]), pd.Series([vendor]))
    assert found.tolist() == pytest.approx([settable])


def test_what_a_console_accepts() -> None:
    vendors = pd.Series(["siemens", "ge", None], index=[7, 8, 9])
    assert is_settable(1.5, vendors).to_dict() == {7: False, 8: True, 9: True}
    assert is_settable(2, vendors).all()


def test_an_unknown_level_stays_unknown() -> None:
    nothing = next_settable(pd.Series([float("nan")]), pd.Series(["siemens"]))
    assert nothing.isna().all()
    assert next_settable(pd.Series([], dtype=float), pd.Series([], dtype=object)).empty

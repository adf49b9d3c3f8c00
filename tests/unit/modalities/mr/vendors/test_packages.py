"""Packages of slices: what a header may ask for, and which scan times they explain."""

from __future__ import annotations

from typing import Any

import pytest

from protocol_assets.modalities.mr.vendors.packages import Packages, packages

ROW: dict[str, Any] = {
    "RepetitionTime": 560.0,
    "EchoTime": 10.0,
    "EchoTrainLength": 4,
    "PixelBandwidth": 200.0,
    "ImagePositionPatient_distinct": 15,
}


def test_fifteen_slices_of_a_short_repetition_may_need_two_packages() -> None:
    assert packages(ROW, "tse", "2d") == Packages(1, 2)


@pytest.mark.parametrize("train", [1e6, 1e300])
def test_an_absurd_header_asks_for_no_more_packages_than_slices(train: float) -> None:
    assert packages(ROW | {"EchoTrainLength": train}, "tse", "2d") == Packages(15, 15)
    many = {"EchoTrainLength": train, "ImagePositionPatient_distinct": 1e9}
    assert not packages(ROW | many, "tse", "2d").explain(2.0, 0.2)


@pytest.mark.parametrize(
    ("ratio", "is_explained"),
    [(1.0, True), (1.3, False), (1.7, True), (2.9, True), (3.7, False), (5.0, False)],
)
def test_as_many_as_there_must_be_and_half_as_many_more(ratio: float, is_explained: bool) -> None:
    assert Packages(2, 8).explain(ratio, 0.2) is is_explained

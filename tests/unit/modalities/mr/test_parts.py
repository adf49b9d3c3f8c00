"""What a series is within its acquisition."""

import pytest

from protocol_assets.data import read_table
from protocol_assets.modalities.mr.acquisitions.parts import Look, bare_name, look, parts
from protocol_assets.modalities.shared.row import Row

TERMS = {r["term"] for r in read_table("terms.csv") if r["vocabulary"] == "acquisition_part"}


def seen(
    image_type: str = "ORIGINAL\\PRIMARY\\M",
    text: str = "SAG T1",
    *,
    vendor: str = "siemens",
    reason: str | None = None,
    **row: object,
) -> Look:
    columns: Row = {"ImageType": image_type, **row}
    return look(columns, (text,), vendor=vendor, reason=reason)


@pytest.mark.parametrize(
    ("one", "part"),
    [
        (seen(), "original"),
        (seen("ORIGINAL\\PRIMARY\\M\\NORM\\DIS2D"), "original"),
        (seen("ORIGINAL\\PRIMARY\\P\\ND"), "phase"),
        (seen("ORIGINAL\\PRIMARY\\R\\NORM"), "real"),
        (seen("ORIGINAL\\PRIMARY\\PHASE MAP\\P\\FFE", vendor="philips"), "phase"),
        (seen("ORIGINAL\\PRIMARY\\M_FFE\\M\\FFE", vendor="philips"), "original"),
        (seen("ORIGINAL\\PRIMARY\\VOLUME\\NONE", ComplexImageComponent="PHASE"), "phase"),
        (seen("ORIGINAL\\PRIMARY\\OTHER", vendor="ge", GEImageComponent=1), "phase"),
        (seen("ORIGINAL\\PRIMARY\\OTHER", vendor="ge", GEImageComponent=0), "original"),
        (seen("DERIVED\\PRIMARY\\DIFFUSION\\ADC", reason="derived"), "adc"),
        (seen("DERIVED\\PRIMARY\\DIFFUSION\\TRACEW\\ND", reason="derived"), "trace"),
        (seen("DERIVED\\PRIMARY\\M\\DIXON\\WATER", reason="derived"), "dixon_water"),
        (seen("DERIVED\\PRIMARY\\IP\\IP", vendor="philips", reason="derived"), "dixon_in_phase"),
        (seen("DERIVED\\PRIMARY\\DIFFUSION\\FA", reason="derived"), "other_derived"),
        (seen("DERIVED\\SECONDARY\\MPR", reason="reformat"), "reformat"),
        (seen(text="SAG T1 FAT SAT"), "original"),
    ],
)
def test_part_of_a_series_alone(one: Look, part: str) -> None:
    assert parts([one]) == [part]
    assert part in TERMS


@pytest.mark.parametrize(
    ("together", "expected"),
    [
        (
            [seen(), seen("ORIGINAL\\PRIMARY\\P")],
            ["magnitude", "phase"],
        ),
        (
            [seen("ORIGINAL\\PRIMARY\\M\\NORM"), seen("ORIGINAL\\PRIMARY\\M\\ND")],
            ["normalized", "not_normalized"],
        ),
        (
            [
                seen("ORIGINAL\\PRIMARY\\M\\NONE", SiemensImageTypeText="ORIGINAL\\PRIMARY\\M"),
                seen("ORIGINAL\\PRIMARY\\M\\NONE", SiemensImageTypeText="ORIGINAL\\PRIMARY\\NORM"),
            ],
            ["not_normalized", "normalized"],
        ),
        (
            [seen(EchoTime_min=4.9, EchoTime_max=4.9), seen(EchoTime_min=7.4, EchoTime_max=7.4)],
            ["echo", "echo"],
        ),
        (
            [seen(vendor="ge", text="WATER: AX T2"), seen(vendor="ge", text="FAT: AX T2")],
            ["dixon_water", "dixon_fat"],
        ),
        (
            [seen(), seen("DERIVED\\PRIMARY\\DIFFUSION\\ADC", reason="derived")],
            ["original", "adc"],
        ),
        ([seen(), seen()], ["original", "original"]),
    ],
)
def test_parts_beside_each_other(together: list[Look], expected: list[str]) -> None:
    assert parts(together) == expected
    assert parts(together[::-1]) == expected[::-1]
    assert set(expected) <= TERMS


def test_words_for_parts_are_no_name() -> None:
    assert bare_name("SAG T1 ND") == bare_name("sag_t1") == bare_name("WATER: SAG T1")
    assert bare_name("SAG T1") != bare_name("SAG T2")
    assert bare_name("FAT") == ("FAT",)


def test_the_rules_give_terms() -> None:
    assert {row["part"] for row in read_table("acquisition_parts.csv")} - {"-"} <= TERMS

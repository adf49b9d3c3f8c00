"""Fat suppression, and 2D or 3D where a text names it."""

import pytest

from protocol_assets.modalities.mr.roles.fat_suppression import dimension_named, fat_suppression
from protocol_assets.modalities.shared.header_texts import series_texts
from protocol_assets.modalities.shared.row import Row


@pytest.mark.parametrize(
    ("row", "weighting", "vendor", "expected"),
    [
        ({}, "stir", "siemens", "stir"),
        ({"ScanOptions": "PFP\\FS"}, "t2", "siemens", "fat_saturation"),
        ({"ScanningSequence": "SE"}, "t2", "siemens", "none"),
        ({"ScanningSequence": "SE"}, "t2", "canon", None),
        ({"SpectrallySelectedSuppression": "FAT"}, "t2", "siemens", "fat_saturation"),
        ({"SpectrallySelectedSuppression": "NONE"}, "t2", "canon", "none"),
        ({"ImageType": "ORIGINAL\\PRIMARY\\DIXON\\WATER"}, "t2", "siemens", "dixon"),
        ({"SeriesDescription": "SAG T2 mDIXON"}, "t2", "philips", "dixon"),
        ({"SeriesDescription": "T2 SPAIR SAG"}, "t2", "canon", "fat_saturation"),
        ({"SeriesDescription": "t2_de3d_we_sag"}, "t2", "siemens", "water_excitation"),
        ({}, None, None, None),
    ],
)
def test_fat_suppression(
    row: Row, weighting: str | None, vendor: str | None, expected: str | None
) -> None:
    assert fat_suppression(row, series_texts(row, vendor), weighting, vendor) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T1 FS", "fat_saturation"),
        ("T1 FATSAT", "fat_saturation"),
        ("T1 SPIR", "fat_saturation"),
        ("T1 sat graisse", "fat_saturation"),
        ("T1 fettges.", "fat_saturation"),
        ("LAVA FLEX", "dixon"),
        ("mDIXON", "dixon"),
        ("PROSET", "water_excitation"),
        ("T1 no FS", None),
        ("T1 senza FS", None),
        ("IN/OUT PHASE", None),
        ("OFFSET", None),
    ],
)
def test_what_a_text_says(text: str, expected: str | None) -> None:
    assert fat_suppression({}, (text,), "t1", None) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3D T2 sag", "3d"),
        ("t2_tse3d", "3d"),
        ("ep2d_diff", "2d"),
        ("MPRAGE", "3d"),
        ("t1_vibe_tra", "3d"),
        ("t2_tse_sag_DIS3D", None),
        ("2D and 3D", None),
        ("T2 SAG", None),
    ],
)
def test_dimension_named(text: str, expected: str | None) -> None:
    assert dimension_named((text,)) == expected

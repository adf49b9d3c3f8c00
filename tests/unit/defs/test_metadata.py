"""The metadata that Dagster shows for published data."""

from __future__ import annotations

import base64
import re

import pytest

from protocol_assets.defs.metadata import published_pictures
from tests.unit.reports.marts import FIGURES

PNG = b"\x89PNG\r\n\x1a\n"
WINDOW = 940
"""Width of the UI's window for a picture, in pixels."""


def test_the_trend_is_a_picture_as_wide_as_its_window() -> None:
    text = published_pictures(FIGURES["whole"])["nex_trend"].value
    match = re.fullmatch(r"!\[([^\]]+)\]\(data:image/png;base64,([A-Za-z0-9+/=]+)\)", str(text))
    assert match is not None
    assert match[1]
    picture = base64.b64decode(match[2])
    assert picture.startswith(PNG)
    assert int.from_bytes(picture[16:20], "big") <= WINDOW


@pytest.mark.parametrize("name", FIGURES)
def test_every_day_can_be_shown(name: str) -> None:
    figures = FIGURES[name]
    shown = {key: str(one.value) for key, one in published_pictures(figures).items()}
    if not figures.completeness:
        assert shown["completeness"] == "no day has landed"
        return
    lines = shown["completeness"].splitlines()
    assert len(lines) == 2 + len(figures.completeness)
    assert lines[0] == f"| day | {' | '.join(figures.pacs)} |"
    for day, line in zip(figures.completeness, lines[2:], strict=True):
        for pacs in figures.pacs:
            landing = day.landed.get(pacs)
            assert landing is not None or "not landed" in line
            assert landing is None or landing.is_complete or ", incomplete" in line

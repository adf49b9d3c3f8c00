"""The configuration of the deployment: valid paths of the home, and study days."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, ConfigurationError, Settings

PACS = """
[[pacs]]
name = "main"
url = "https://pacs.example/rs"

[[pacs]]
name = "west"
url = "https://west.example/rs"
timezone = "America/Los_Angeles"
"""


def load(folder: Path, *, home: str = "home", end: str = "") -> Settings:
    """Load settings for a home that the environment names, so that TOML needs no quoting."""
    path = folder / "protocol_assets.toml"
    head = 'home = "home"\nstart_date = 2026-03-01\ntimezone = "Europe/Berlin"\n'
    path.write_text(head + (f"end_date = {end}\n" if end else "") + PACS, encoding="utf-8")
    return Settings.load({CONFIG_VARIABLE: str(path), HOME_VARIABLE: home})


@pytest.mark.parametrize("character", ["#", "?", "%", "\\", "\n", "\t", "\x7f", "\udc80"])
def test_a_home_that_the_databases_cannot_be_opened_in_is_refused_by_name(
    tmp_path: Path, character: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, home=f"mr{character}home")
    said = str(caught.value)
    assert said.startswith("protocol_assets.toml: home: the path contains the character ")
    assert f"{character!a}," in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "name", ["o'brien [mr]", "a {{b}} *", 'q"q', "münchen 日本", "x=1", "$HOME"]
)
def test_other_characters_are_no_fault(tmp_path: Path, name: str) -> None:
    assert load(tmp_path, home=name).home == tmp_path / name


class TestLastDay:
    NIGHT = dt.datetime(2026, 3, 10, 0, 30, tzinfo=dt.UTC)
    """01:30 on 10 March in Berlin, 17:30 on 9 March in Los Angeles."""

    def test_is_yesterday(self, tmp_path: Path) -> None:
        assert load(tmp_path).last_day(self.NIGHT) == dt.date(2026, 3, 9)

    def test_an_end_in_the_future_makes_no_days(self, tmp_path: Path) -> None:
        assert load(tmp_path, end="2027-01-01").last_day(self.NIGHT) == dt.date(2026, 3, 9)

    def test_an_end_in_the_past_closes_the_grid(self, tmp_path: Path) -> None:
        assert load(tmp_path, end="2026-03-04").last_day(self.NIGHT) == dt.date(2026, 3, 4)

    def test_a_day_has_begun_where_the_pacs_is(self, tmp_path: Path) -> None:
        settings = load(tmp_path)
        assert settings.last_day(self.NIGHT, "west") == dt.date(2026, 3, 9)
        zone = {"timezone": "Pacific/Kiritimati"}  # 14 hours ahead of UTC: yesterday is 12 March
        ahead = settings.model_copy(update=zone)
        now = dt.datetime(2026, 3, 12, 11, 0, tzinfo=dt.UTC)
        assert ahead.last_day(now) == dt.date(2026, 3, 12)
        early = dt.datetime(2026, 3, 12, 6, 0, tzinfo=dt.UTC)  # 23:00 on 11 March in Los Angeles
        assert ahead.last_day(early, "west") <= dt.date(2026, 3, 11)

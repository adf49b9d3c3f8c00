"""What the UI shows of an asset: whose it is, what it is, and when it has to be of today."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol_assets.build import build_definitions
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    path = tmp_path / "protocol_assets.toml"
    path.write_text(
        'home = "home"\nstart_date = 2026-03-01\n'
        '[[pacs]]\nname = "main"\nurl = "http://127.0.0.1:9/dicom-web"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    return Settings.load()


def test_every_asset_says_whose_and_what_it_is(settings: Settings) -> None:
    specs = list(build_definitions(settings).resolve_all_asset_specs())
    assert specs
    for spec in specs:
        assert spec.owners, spec.key
        assert spec.kinds, spec.key
        assert spec.group_name, spec.key
        assert spec.description, spec.key


def test_what_people_see_has_a_deadline(settings: Settings) -> None:
    specs = build_definitions(settings).resolve_all_asset_specs()
    timed = {one.key.to_user_string() for one in specs if one.freshness_policy}
    assert {"nex_monthly", "published_opportunities", "published_marts", "chief_report"} <= timed
    assert not timed & {"series_facts", "fct_series", "report_mail"}

"""What several rooms' tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol_assets.deidentify.keys import KEY_VARIABLE
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
    monkeypatch.setenv(KEY_VARIABLE, bytes(range(32)).hex())
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    return Settings.load()

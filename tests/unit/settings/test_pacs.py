"""The configuration of the PACS: secrets, profiles, hours, names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.lake.zones import Lake
from protocol_assets.settings import CONFIG_VARIABLE, ConfigurationError, Settings
from protocol_assets.sources.dicomweb.profile import SiteProfile
from protocol_assets.sources.dicomweb.stored_profiles import write_profile

HEAD = 'home = "home"\nstart_date = 2026-03-01\ntimezone = "Europe/Berlin"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def load(folder: Path, *pacs: str) -> Settings:
    """Load settings with one PACS for each of these further lines; the first is called main."""
    tables = [
        f'[[pacs]]\nurl = "https://pacs.example/rs"\n{lines}\n'
        if "name =" in lines
        else f'[[pacs]]\nname = "main"\nurl = "https://pacs.example/rs"\n{lines}\n'
        for lines in pacs or ("",)
    ]
    path = folder / "protocol_assets.toml"
    path.write_text(HEAD + "".join(tables), encoding="utf-8")
    return Settings.load({CONFIG_VARIABLE: str(path)})


@pytest.mark.parametrize(
    ("lines", "advice"),
    [
        ('hours = ["20-6"]', "write hours as"),
        ('maintenance = ["sunday"]', "write hours as"),
        ('profile = "acme"', "unknown product; choose one of aws-healthimaging"),
        ("requests_per_second = 0", "requests_per_second"),
        ('oauth_token_url = "https://login.example"', "or none of them"),
        ('username_env = "U"', "set both username_env and password_env, or neither"),
        ('token_env = "T"\nusername_env = "U"\npassword_env = "P"', "use only one way to log in"),
        ('password = "S3CRET"', "password"),
        ("verify = false", "verify"),
    ],
)
def test_what_cannot_be_meant_is_refused(folder: Path, lines: str, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice) as caught:
        load(folder, lines)
    assert "S3CRET" not in str(caught.value)


def test_names_that_dagster_cannot_tell_apart_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="differ only in '-' and '_'; rename one"):
        load(folder, 'name = "a-b"', 'name = "a_b"')


class TestSecrets:
    LINES = 'username_env = "MAIN_USER"\npassword_env = "MAIN_PASSWORD"'

    def test_from_the_environment(self, folder: Path) -> None:
        environment = {"MAIN_USER": "monitor", "MAIN_PASSWORD": "S3CRET"}
        endpoint = Deployment(load(folder, self.LINES)).endpoint("main", environment)
        assert (endpoint.username, endpoint.password) == ("monitor", "S3CRET")
        assert "S3CRET" not in repr(endpoint)

    def test_from_a_mounted_file(self, folder: Path) -> None:
        secret = folder / "password"
        secret.write_text("S3CRET with spaces \n")
        environment = {"MAIN_USER": "monitor", "MAIN_PASSWORD_FILE": str(secret)}
        endpoint = Deployment(load(folder, self.LINES)).endpoint("main", environment)
        assert endpoint.password == "S3CRET with spaces "

    @pytest.mark.parametrize(
        ("more", "advice"),
        [
            ({}, "the environment variable MAIN_PASSWORD is not set"),
            ({"MAIN_PASSWORD_FILE": "/absent"}, "the file that MAIN_PASSWORD_FILE names"),
        ],
    )
    def test_absent_is_told_by_name(self, folder: Path, more: dict[str, str], advice: str) -> None:
        with pytest.raises(ConfigurationError, match=advice):
            Deployment(load(folder, self.LINES)).endpoint("main", {"MAIN_USER": "monitor"} | more)

    def test_a_mounted_token_is_read_anew(self, folder: Path) -> None:
        secret = folder / "token"
        secret.write_text("OLD\n")
        settings = load(folder, 'token_env = "MAIN_TOKEN"')
        endpoint = Deployment(settings).endpoint("main", {"MAIN_TOKEN_FILE": str(secret)})
        secret.write_text("NEW\n")
        assert endpoint.token == "OLD"
        assert endpoint.read_token is not None
        assert endpoint.read_token() == "NEW"

    def test_client_credentials(self, folder: Path) -> None:
        lines = (
            'oauth_token_url = "https://login.example/token"\noauth_scope = "dicom"\n'
            'oauth_client_id_env = "ID"\noauth_client_secret_env = "SECRET"'
        )
        endpoint = Deployment(load(folder, lines)).endpoint(
            "main", {"ID": "monitor", "SECRET": "S3CRET"}
        )
        assert endpoint.oauth is not None
        assert (endpoint.oauth.client_id, endpoint.oauth.scope) == ("monitor", "dicom")
        assert "S3CRET" not in repr(endpoint)


def test_hours_are_in_the_zone_of_the_pacs_or_the_deployment(folder: Path) -> None:
    lines = 'hours = ["20:00-06:00"]\nmaintenance = ["Sun 02:00-04:00"]'
    here = Deployment(load(folder, lines)).endpoint("main", {}).rate_limits
    assert (here.timezone, [str(one) for one in here.hours]) == ("Europe/Berlin", ["20:00-06:00"])
    there = (
        Deployment(load(folder, f'timezone = "Asia/Tokyo"\n{lines}'))
        .endpoint("main", {})
        .rate_limits
    )
    assert there.timezone == "Asia/Tokyo"


def test_what_is_measured_stands_above_the_product(folder: Path) -> None:
    settings = load(folder, 'profile = "aws-healthimaging"')

    def profile(**_: Any) -> SiteProfile:
        return Deployment(settings).endpoint("main", {}).profile

    assert (profile().product, profile().retrieval) == ("aws-healthimaging", "series")
    Lake(settings.home).prepare()
    key = write_profile(Lake(settings.home), "main", SiteProfile(page_size=7, evidence="measured"))
    assert (profile().evidence, Deployment(settings).endpoint("main", {}).rows_a_page) == (
        "measured",
        7,
    )
    Lake(settings.home).local_path(key).write_text("{")
    assert profile().product == "aws-healthimaging", "a damaged one is as good as none"


def test_defaults_that_no_administrator_minds(folder: Path) -> None:
    endpoint = Deployment(load(folder)).endpoint("main", {})
    assert endpoint.workers == 2
    assert endpoint.rate_limits.requests_per_second == 20
    assert not endpoint.rate_limits.wake_nearline

"""The configuration of language, mail, webhook and alerts."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.figures.scope import Scope
from protocol_assets.settings import CONFIG_VARIABLE, ConfigurationError, Settings

HEAD = 'home = "home"\nstart_date = 2026-03-01\n'
PACS = '[[pacs]]\nname = "main"\nurl = "https://pacs.example/rs"\n'
MAIL = '[mail]\nhost = "mail.example"\nsender = "MR <mr@hospital.example>"\n'


def load(folder: Path, *tables: str, head: str = "") -> Settings:
    path = folder / "protocol_assets.toml"
    path.write_text("\n".join([HEAD + head, *tables, PACS]), encoding="utf-8")
    return Settings.load({CONFIG_VARIABLE: str(path)})


def a_list(*lines: str) -> str:
    return "\n".join(["[[mail.lists]]", *(lines or ('name = "chiefs"', 'to = ["a@b.example"]'))])


def test_without_the_tables_nobody_is_told(tmp_path: Path) -> None:
    outlets = Deployment(load(tmp_path)).outlets
    assert (outlets.server, outlets.webhook, outlets.lists) == (None, None, ())


def test_a_language_is_one_that_the_report_speaks(tmp_path: Path) -> None:
    assert load(tmp_path).language == "en"
    with pytest.raises(ConfigurationError, match=r"unknown language; choose one of .*en"):
        load(tmp_path, head='language = "tlh"\n')


def test_lists_are_of_a_scope_and_a_language(tmp_path: Path) -> None:
    tables = (
        MAIL,
        a_list(),
        a_list('name = "north"', 'to = ["A <a@b.example>", "c@d.example"]', 'sites = ["North"]',
               'scanners = ["MR N*"]', 'modalities = ["MR"]', 'language = "en"'),
    )  # fmt: skip
    everything, north = Deployment(load(tmp_path, *tables)).outlets.lists
    assert (everything.scope, everything.language) == (Scope(), "en")
    assert north.scope == Scope(sites=("North",), scanners=("MR N*",))
    assert [one.addr_spec for one in north.to] == ["a@b.example", "c@d.example"]


@pytest.mark.parametrize(
    ("tables", "advice"),
    [
        ([MAIL + 'security = "none"'], "security"),
        ([MAIL + 'security = "plain"'], "security"),
        ([MAIL + "verify = false"], "verify"),
        ([MAIL + 'password = "S3CRET"'], "password"),
        ([MAIL + 'username_env = "U"'], "set both username_env and password_env, or neither"),
        ([MAIL, a_list(), a_list()], "same name"),
        ([MAIL, a_list('name = "webhook"', 'to = ["a@b.example"]')], "webhook"),
        ([MAIL, a_list('name = "Chiefs"', 'to = ["a@b.example"]')], "lower-case"),
        ([MAIL, a_list('name = "a"', "to = []")], "to"),
        ([MAIL, a_list('name = "a"', 'to = ["secret name"]')], "write one address"),
        ([MAIL, a_list('name = "a"', 'to = ["a@b.example\\nBcc: c@d.example"]')], "one line"),
        ([MAIL, a_list('name = "a"', 'to = ["a@b.example"]', 'modalities = ["mr"]')], "DICOM"),
        ([MAIL, a_list('name = "a"', 'to = ["a@b.example"]', 'language = "tlh"')], "language"),
        ([MAIL.replace("mr@hospital.example", "mr")], "write one address"),
        (['[alerts]\nengineers = ["a@b.example"]'], r"add the table \[mail\]"),
        ([MAIL, '[alerts]\nengineers = ["a"]'], "write one address"),
        (['[webhook]\nurl = "https://chat.example/S3CRET"'], "url"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, tables: list[str], advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice) as caught:
        load(tmp_path, *tables)
    assert not [one for one in ("S3CRET", "secret name", "d.example") if one in str(caught.value)]


def test_the_login_is_read_when_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = 'username_env = "MAIL_USER"\npassword_env = "MAIL_PASSWORD"'
    server = Deployment(load(tmp_path, MAIL + lines)).outlets.server
    assert server is not None
    monkeypatch.setenv("MAIL_USER", "mr")
    with pytest.raises(
        ConfigurationError, match="mail: the environment variable MAIL_PASSWORD is not set"
    ):
        server()
    secret = tmp_path / "password"
    secret.write_text("S3CRET\n")
    monkeypatch.setenv("MAIL_PASSWORD_FILE", str(secret))
    read = server()
    assert (read.username, read.password) == ("mr", "S3CRET")
    assert (read.host, read.port, read.security) == ("mail.example", 587, "starttls")
    assert "S3CRET" not in repr(read)


def test_the_url_of_the_webhook_is_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = Deployment(load(tmp_path, '[webhook]\nurl_env = "HOOK"')).outlets.webhook
    assert webhook is not None
    monkeypatch.delenv("HOOK", raising=False)
    with pytest.raises(ConfigurationError, match="HOOK is not set"):
        webhook()
    monkeypatch.setenv("HOOK", "http://chat.example/S3CRET")
    with pytest.raises(ConfigurationError, match=r"https://.*HOOK") as caught:
        webhook()
    assert "S3CRET" not in str(caught.value)
    monkeypatch.setenv("HOOK", "https://chat.example/S3CRET")
    assert webhook().url.endswith("S3CRET")

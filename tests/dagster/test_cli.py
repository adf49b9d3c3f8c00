"""Bad input on the command line: one line that says what to do, and the right exit code."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from pathlib import Path

import pytest

from protocol_assets import cli
from protocol_assets.app.deployment import Deployment
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.lake.zones import Lake
from protocol_assets.runner import Runner
from protocol_assets.settings import CONFIG_VARIABLE
from protocol_assets_simulator import Answer, Fleet, Request, SimulatedPacs

from .conftest import FIRST, LAST, WilfulPacs

DAY = FIRST.isoformat()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pacs: WilfulPacs) -> Path:
    path = tmp_path / "protocol_assets.toml"
    path.write_text(
        f'home = "home"\nstart_date = {FIRST}\nend_date = {LAST}\n'
        f'[[pacs]]\nname = "main"\nurl = "{pacs.url("north")}"\ndeadline_s = 2\n',
        encoding="utf-8",
    )
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    monkeypatch.setenv(KEY_VARIABLE, bytes(range(32)).hex())
    # Warehouse and report have their own tests.
    monkeypatch.setattr(Runner, "report", lambda *_: None)
    return path


def run(*arguments: str) -> int:
    before, sys.argv = sys.argv, ["protocol-assets", *arguments]
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.argv = before
    return 0


def materialize(capsys: pytest.CaptureFixture[str], day: str = DAY) -> tuple[int, str]:
    code = run("materialize", "--pacs", "main", "--from", day, "--to", day)
    return code, " ".join(capsys.readouterr().err.split())


def test_a_good_day_lands(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run("materialize", "--pacs", "main", "--from", DAY, "--to", DAY)
    assert code == 0
    assert "1 of 1 partitions landed" in capsys.readouterr().out


def test_an_unreachable_pacs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(
        config.read_text(encoding="utf-8").replace("127.0.0.1:", "127.0.0.1:1/", 1), "utf-8"
    )
    code, said = materialize(capsys)
    assert code == 1
    assert "PACS main could not be reached" in said
    assert "check url, network and firewall" in said
    assert not list((config.parent / "home" / "restricted").rglob("manifest.json"))


def test_a_wrong_password(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(seed=3, scanners=2, studies=4, start=FIRST, end=FIRST)
    with SimulatedPacs(fleet, username="reader", password="right") as server:
        text = config.read_text(encoding="utf-8").split("[[pacs]]")[0]
        text += f'[[pacs]]\nname = "main"\nurl = "{server.url()}"\n'
        text += 'username_env = "U"\npassword_env = "P"\n'
        config.write_text(text, encoding="utf-8")
        code, said = materialize(capsys)
        assert (code, "environment variable U is not set" in said) == (1, True)
        monkeypatch.setenv("U", "reader")
        monkeypatch.setenv("P", "wrong-password")
        code, said = materialize(capsys)
        assert code == 1
        assert "refused the credentials" in said
        assert "wrong-password" not in said
        monkeypatch.setenv("P", "right")
        assert materialize(capsys)[0] == 0


def test_an_html_answer(config: Path, capsys: pytest.CaptureFixture[str], pacs: WilfulPacs) -> None:
    pacs.spoil = lambda _request, _answer: Answer(200, b"<html>", {"Content-Type": "text/html"})
    code, said = materialize(capsys)
    pacs.spoil = None
    assert code == 1
    assert "something that is not DICOM JSON" in said


def test_a_malformed_study_is_kept_out_and_the_others_land(
    config: Path, capsys: pytest.CaptureFixture[str], pacs: WilfulPacs
) -> None:
    studies = pacs.fleet.studies("north", FIRST, FIRST)
    study = studies[0].study_uid

    def malformed(request: Request, answer: Answer) -> Answer:
        if study in request.path and request.path.endswith("metadata"):
            return Answer(200, b'{"not": "an array"}', answer.headers)
        return answer

    pacs.spoil = malformed
    code, said = materialize(capsys)
    pacs.spoil = None
    assert code == 1
    assert f"1 of {len(studies)} studies are missing" in said
    files = list((config.parent / "home" / "restricted" / "raw").rglob("*.ndjson.zst"))
    assert len(files) == len(studies) - 1


def test_a_day_without_studies_lands_empty(
    config: Path, capsys: pytest.CaptureFixture[str], pacs: WilfulPacs
) -> None:
    pacs.spoil = lambda _request, answer: Answer(200, b"[]", answer.headers)
    code, _ = materialize(capsys)
    pacs.spoil = None
    assert code == 0
    lake = Lake(config.parent / "home")
    (partition,) = lake.landed_partitions()
    assert lake.local_path(lake.facts(partition)).exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("home = ", "hom = "), "hom: Extra inputs are not permitted"),
        (("end_date", "lookback_days = 0\nend_date"), "lookback_days: Input should be greater"),
        (('name = "main"', 'name = "Main PACS"'), "pacs.0.name: use lower-case letters"),
        ((f"end_date = {LAST}", "end_date = 2020-01-01"), "end_date is before start_date"),
        (("[[pacs]]", "[[pacs]"), "is not valid TOML"),
    ],
)
def test_a_bad_configuration_value(
    config: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], said: str
) -> None:
    config.write_text(config.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    code, error = materialize(capsys)
    assert code == 2
    assert error.startswith("configuration: protocol_assets.toml:")
    assert said in error


def test_no_configuration(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config.unlink()
    code, said = materialize(capsys)
    assert code == 2
    assert "copy protocol_assets.example.toml" in said


def test_a_missing_key(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    code, said = materialize(capsys)
    assert code == 2
    assert "PROTOCOL_ASSETS_KEY is not set" in said
    assert "secrets.token_hex(32)" in said


def test_days_outside_the_grid(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = materialize(capsys, "2020-01-01")
    assert code == 1
    assert "must be in order and between start_date" in said


def test_an_unknown_pacs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run("materialize", "--pacs", "other", "--from", DAY, "--to", DAY)
    assert code == 2
    assert "the configuration has no PACS named 'other'; it has main" in capsys.readouterr().err


def test_scanners_are_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert materialize(capsys)[0] == 0
    assert run("scanners", "pending") == 0
    pending = capsys.readouterr().out.splitlines()
    key = pending[1].split()[0]
    assert run("scanners", "name", key, "MR 1", "--site", "North") == 0
    capsys.readouterr()
    assert run("scanners", "pending") == 0
    assert key not in capsys.readouterr().out
    assert run("scanners", "name", "short", "MR 2", "--site", "North") == 1
    assert "scanners pending" in capsys.readouterr().err


def test_status_and_rebuild(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert materialize(capsys)[0] == 0
    assert run("status") == 0
    assert "1 of 1 landed partitions are complete and up to date" in capsys.readouterr().out
    assert run("status", "--ask", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    answers = {one["item"]: one["sentence"] for one in told["findings"]}
    assert answers["PACS main"].startswith("answered in ")
    assert [one["state"] for one in told["partitions"]] == ["good"]
    lake = Lake(config.parent / "home")
    (partition,) = lake.landed_partitions()
    before = lake.local_path(lake.facts(partition)).read_bytes()
    lake.local_path(lake.facts(partition)).unlink()
    assert run("status") == 1
    assert "stale: run rebuild" in capsys.readouterr().out
    assert run("rebuild") == 0
    assert lake.local_path(lake.facts(partition)).read_bytes() == before


def test_a_paused_pacs_is_not_asked_until_it_is_resumed(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    pacs: WilfulPacs,
) -> None:
    assert run("pause", "main") == 0
    asked = pacs.requests
    code, told = materialize(capsys)
    assert code == 1
    assert "PACS main is not asked now (paused since" in told
    assert "protocol-assets resume NAME" in told
    assert run("status") == 0
    assert "main is not asked now: paused since" in capsys.readouterr().out
    assert pacs.requests == asked
    assert run("resume", "main") == 0
    assert materialize(capsys)[0] == 0


@pytest.mark.parametrize("verb", ["pause", "resume", "probe"])
def test_an_unknown_pacs_is_told(
    verb: str,
    config: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(verb, "elsewhere") == 2
    assert "no PACS named 'elsewhere'" in capsys.readouterr().err


def test_the_probe_writes_the_profile_that_the_extractor_goes_by(
    config: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("probe", "main", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    profile = Deployment.load().endpoint("main").profile
    assert told["profile"] == profile.to_json()
    assert profile.evidence == "measured"
    assert run("probe", "main") == 0
    assert "The profile is stored; landing uses it." in capsys.readouterr().out


def test_status_lists_dead_letters(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    pacs: WilfulPacs,
) -> None:
    struck: list[str] = []

    def spoil(request: Request, answer: Answer) -> Answer:
        if not request.path.endswith("/metadata"):
            return answer
        struck.append(request.path)
        return Answer(403) if request.path == struck[0] else answer

    pacs.spoil = spoil
    try:
        assert materialize(capsys)[0] == 1
    finally:
        pacs.spoil = None
    assert run("status") == 1
    told = capsys.readouterr().out
    assert "dead letters" in told
    (line,) = [one for one in told.splitlines() if "forbidden" in one]
    assert "retrieve" in line
    assert " 403 " in line
    assert "2.25." not in told
    assert materialize(capsys)[0] == 0
    assert run("status") == 0
    assert "dead letters" not in capsys.readouterr().out


def test_days_that_have_not_ended_are_refused_whatever_end_date_says(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    end = f"end_date = {tomorrow + dt.timedelta(days=30)}"
    text = re.sub(r"end_date = \S+", end, config.read_text(encoding="utf-8"))
    config.write_text(text, encoding="utf-8")
    code, said = materialize(capsys, str(tomorrow))
    assert code == 1
    assert "the last day that has ended" in said
    assert run("status") in (0, 1)
    assert "in the future: the last day that has ended is" in " ".join(
        capsys.readouterr().out.split()
    )

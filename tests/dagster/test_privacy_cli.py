"""The verbs of data protection on a deployment: labels, resolve, purge, rekey."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from protocol_assets.app.deployment import Deployment
from protocol_assets.cli import cli
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.faults import Fault
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.runner import Runner
from protocol_assets.settings import ConfigurationError, Settings

from .conftest import FIRST

PARTITION = Partition(FIRST, "north")
Call = Callable[..., Result]


@pytest.fixture(scope="module")
def landed(deployment: Settings) -> Iterator[Settings]:
    """One day of one PACS; the report is no matter here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runner, "report", lambda _: None)
        (outcome,) = Runner(Deployment(deployment)).ingest("north", FIRST, FIRST)
        assert outcome.state == "landed"
        yield deployment


@pytest.fixture
def call(landed: Settings) -> Call:
    def call(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, standalone_mode=False)

    return call


def keys(settings: Settings, column: str) -> list[str]:
    return sorted(
        set(
            read_part(Lake(settings.home), Lake(settings.home).facts(PARTITION))[column].to_pylist()
        )
    )


def test_labels_are_decided_by_code(call: Call, landed: Settings) -> None:
    code = keys(landed, "label_code")[0]
    assert "texts need a decision" in call("labels", "pending").output
    assert call("labels", "deny", code).return_value == 0
    assert (Lake(landed.home).governance / "labels.csv").read_text().endswith(f"{code},deny\n")
    assert isinstance(call("labels", "approve", "SAG T2").exception, Fault)


def test_the_way_back_asks_why(call: Call, landed: Settings) -> None:
    key = keys(landed, "study_key")[0]
    assert call("resolve", key).exception is not None
    found = call("resolve", key, "--reason", "artefact reported")
    assert found.return_value == 0
    assert "2026-02-02 north" in found.output
    assert "artefact reported" in (landed.home / "restricted" / "access.log").read_text()
    assert call("resolve", "A" * 26, "--reason", "nobody").return_value == 1


def test_a_patient_is_erased(call: Call, landed: Settings) -> None:
    patient = read_part(Lake(landed.home), Lake(landed.home).series(PARTITION))[
        "PatientID"
    ].to_pylist()[0]
    before = keys(landed, "patient_key")
    assert call("purge").exception is not None
    assert call("purge", "--patient", patient).exception is not None  # nobody said yes
    assert keys(landed, "patient_key") == before
    assert call("purge", "--patient", patient, "--yes").return_value == 0
    assert len(keys(landed, "patient_key")) == len(before) - 1
    (outcome,) = Runner(Deployment(landed)).ingest("north", FIRST, FIRST)
    assert outcome.state == "landed"
    assert len(keys(landed, "patient_key")) == len(before) - 1


def test_another_key_needs_a_rekey(
    call: Call, landed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: keys(landed, name) for name in ("patient_key", "device_key")}
    old = bytes(range(32)).hex()
    monkeypatch.setenv(KEY_VARIABLE, bytes(range(1, 33)).hex())
    with pytest.raises(ConfigurationError, match="protocol-assets rekey"):
        Deployment(landed).pseudonyms()
    monkeypatch.setenv(f"{KEY_VARIABLE}_OLD", bytes(range(2, 34)).hex())
    assert call("rekey").exception is not None  # the old key is not the lake's
    monkeypatch.setenv(f"{KEY_VARIABLE}_OLD", old)
    denied = (Lake(landed.home).governance / "labels.csv").read_text()
    assert call("rekey").return_value == 0
    changed_over = (Lake(landed.home).governance / "labels.csv").read_text()
    assert changed_over.count(",deny") == denied.count(",deny") == 1
    assert changed_over != denied
    for name, values in before.items():
        assert len(keys(landed, name)) == len(values)
        assert set(keys(landed, name)).isdisjoint(values)
    Deployment(landed).pseudonyms()


def test_raw_is_purged_by_day(
    call: Call, landed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, bytes(range(1, 33)).hex())
    day = FIRST + dt.timedelta(days=1)
    assert call("purge", "--before", day.isoformat(), "--yes").return_value == 0
    assert not list(Lake(landed.home).local_path(Lake(landed.home).raw(PARTITION)).glob("*.zst"))
    before = keys(landed, "series_key")
    (outcome,) = Runner(Deployment(landed)).ingest("north", FIRST, FIRST)
    assert outcome.state == "landed"
    assert keys(landed, "series_key") == before

"""The key's identity is asked of the data: a wrong key is refused whatever else is lost."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.deidentify.keys import KEY_VARIABLE, PATIENT_KEY_VARIABLE, Pseudonyms
from protocol_assets.ingest.retention.purging import purge_before
from protocol_assets.ingest.retention.rekeying import rekey
from protocol_assets.ingest.stages import Stages
from protocol_assets.lake.key_record import (
    OtherKeyError,
    changing_key,
    claim_key,
    find_key_ids,
    key_problem,
    known_key_id,
    record_key_id,
    recorded_key_id,
    using_key,
)
from protocol_assets.lake.parquet import part_versions, read_part, write_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.settings import ConfigurationError, PacsSettings, Settings
from protocol_assets.status.checks import key_finding
from tests.unit.ingest.hospital import Hospital

SECRET, OTHER, PATIENT = (bytes(range(n, n + 32)).hex() for n in (0, 1, 2))
KEY = Pseudonyms.from_secret(SECRET, demo=False)
WRONG = Pseudonyms.from_secret(OTHER, demo=False)
DAYS = [dt.date(2026, 3, day) for day in (2, 3, 4)]


def stages(lake: Lake, pseudonyms: Pseudonyms = KEY) -> Stages:
    pacs = Hospital()
    return Stages(MR, lake, pseudonyms, lambda _: pacs, lambda *_: None)  # type: ignore[arg-type,return-value]


def make(lake: Lake, *days: dt.date, pseudonyms: Pseudonyms = KEY) -> None:
    made = stages(lake, pseudonyms)
    for stage in (made.land, made.flatten, made.project):
        result = stage([Partition(day, "main") for day in days])
        assert not result.refused, result.refused


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(
        home=tmp_path,
        start_date=DAYS[0],
        pacs=(PacsSettings(name="main", url="https://pacs.example.org/dicom-web"),),
    )
    Lake(made.home).prepare()
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Three days of one key; made once, for the suites of the gate take their time."""
    lake = Lake(tmp_path_factory.mktemp("made"))
    lake.prepare()
    make(lake, *DAYS)
    record_key_id(lake, KEY.key_id)
    ledger = lake.local_path(lake.publications) / "members.parquet"
    members = pa.table({"patient_key": ["a"], "device_key": ["b"]})
    write_part(Lake(ledger.parent), ledger.name, members, versions={"key_id": KEY.key_id})
    return lake


@pytest.fixture(scope="module")
def made_with_another_key(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("other"))
    lake.prepare()
    make(lake, DAYS[1], pseudonyms=WRONG)
    return lake


@pytest.fixture
def lake(settings: Settings, made: Lake) -> Lake:
    shutil.copytree(made.home, settings.home, dirs_exist_ok=True)
    return Lake(settings.home)


def lose_nothing(_: Lake) -> None:
    pass


def lose_the_record(lake: Lake) -> None:
    lake.local_path(lake.key_record).unlink()


def damage_the_record(lake: Lake) -> None:
    lake.local_path(lake.key_record).write_bytes(b"\xff\x00 not a key")


def exchange_the_record(lake: Lake) -> None:
    record_key_id(lake, WRONG.key_id)


def keep_restricted(lake: Lake) -> None:
    lose_the_record(lake)
    shutil.rmtree(lake.safe)


def keep_raw(lake: Lake) -> None:
    keep_restricted(lake)
    for name in ("series", "labels", "candidates"):
        shutil.rmtree(lake.restricted / name, ignore_errors=True)


def keep_series(lake: Lake) -> None:
    keep_restricted(lake)
    for name in ("raw", "labels", "candidates"):
        shutil.rmtree(lake.restricted / name, ignore_errors=True)


def keep_facts(lake: Lake) -> None:
    shutil.rmtree(lake.restricted)
    shutil.rmtree(lake.local_path(lake.publications))


def keep_publications(lake: Lake) -> None:
    shutil.rmtree(lake.restricted)
    shutil.rmtree(lake.safe / "facts")


def purge(lake: Lake) -> None:
    purge_before(lake, KEY, DAYS[-1] + dt.timedelta(days=1), dt.datetime.now(dt.UTC))
    lose_the_record(lake)


LOSSES: list[Callable[[Lake], None]] = [
    lose_nothing,
    lose_the_record,
    damage_the_record,
    exchange_the_record,
    keep_restricted,
    keep_raw,
    keep_series,
    keep_facts,
    keep_publications,
    purge,
]


@pytest.mark.parametrize("lose", LOSSES)
@pytest.mark.parametrize(
    "secrets", [{KEY_VARIABLE: OTHER}, {KEY_VARIABLE: SECRET, PATIENT_KEY_VARIABLE: PATIENT}]
)
def test_a_wrong_key_is_refused(
    lake: Lake, settings: Settings, lose: Callable[[Lake], None], secrets: dict[str, str]
) -> None:
    lose(lake)
    with pytest.raises(ConfigurationError) as caught:
        Deployment(settings).pseudonyms(secrets)
    assert KEY.key_id in str(caught.value)
    assert "set that key again, or change over with protocol-assets rekey" in str(caught.value)


@pytest.mark.parametrize("lose", LOSSES)
def test_the_right_key_is_taken_and_the_record_heals(
    lake: Lake, settings: Settings, lose: Callable[[Lake], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(lake)
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    monkeypatch.delenv(PATIENT_KEY_VARIABLE, raising=False)
    assert Deployment(settings).pseudonyms().key_id == KEY.key_id
    assert key_finding(Deployment(settings))[0].verdict == "ok"
    Deployment(settings).stages()
    assert recorded_key_id(lake) == KEY.key_id


def test_a_mixture_is_a_fault_whichever_day_it_is_on(
    lake: Lake,
    settings: Settings,
    made_with_another_key: Lake,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(made_with_another_key.home, lake.home, dirs_exist_ok=True)
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    found, pseudonyms = key_finding(Deployment(settings))
    assert (found.verdict, pseudonyms) == ("fail", None)
    assert "the data were made with several keys" in found.sentence
    assert f"{WRONG.key_id} (" in found.sentence
    assert "run protocol-assets rekey" in found.sentence
    lake.local_path(lake.key_record).unlink()
    with pytest.raises(ConfigurationError, match="several keys"):
        Deployment(settings).pseudonyms()
    rekey(lake, WRONG, KEY)
    assert set(find_key_ids(lake, every=True)) == {KEY.key_id}
    assert key_finding(Deployment(settings))[0].verdict == "ok"
    devices = [set(_devices(lake, day)) for day in DAYS]
    assert devices[0] == devices[1] == devices[2], "one scanner under one key"


def _devices(lake: Lake, day: dt.date) -> list[str]:
    keys: list[str] = read_part(lake, lake.facts(Partition(day, "main")))["device_key"].to_pylist()
    return keys


def test_a_start_reads_few_files(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(1, 15):
        for name in ("series", "facts"):
            source = lake.local_path(getattr(lake, name)(Partition(DAYS[0], "main")))
            partition = Partition(dt.date(2026, 2, day), "main")
            target = lake.local_path(getattr(lake, name)(partition))
            target.parent.mkdir(parents=True)
            shutil.copy(source, target)
    read: list[str] = []

    def counting(lake: Lake, key: str) -> dict[str, str]:
        read.append(key)
        return part_versions(lake, key)

    monkeypatch.setattr("protocol_assets.lake.key_record.part_versions", counting)
    assert key_problem(lake, KEY.key_id) == ""
    assert len(read) <= 13
    assert {one for one in read if "2026-02-07" in one} == set()


@pytest.mark.parametrize("killed_after", [0, 1, 4, 7, 11, 16])
def test_a_rekey_that_was_killed_is_told_and_goes_on(
    lake: Lake, settings: Settings, killed_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = 0

    def dying(*args: object, **options: object) -> None:
        nonlocal writes
        writes += 1
        if writes > killed_after:
            raise KeyboardInterrupt
        write_part(*args, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("protocol_assets.ingest.retention.rekeying.write_part", dying)
        with pytest.raises(KeyboardInterrupt):
            rekey(lake, KEY, WRONG)
    assert len(find_key_ids(lake, every=True)) == 2
    for secret in (SECRET, OTHER):
        with pytest.raises(ConfigurationError, match="several keys"):
            Deployment(settings).pseudonyms({KEY_VARIABLE: secret})
    rekey(lake, KEY, WRONG)
    assert set(find_key_ids(lake, every=True)) == {WRONG.key_id}
    assert recorded_key_id(lake) == WRONG.key_id
    assert Deployment(settings).pseudonyms({KEY_VARIABLE: OTHER}).key_id == WRONG.key_id


def test_what_is_rekeyed_in_place_is_what_is_made_anew(lake: Lake) -> None:
    rekey(lake, KEY, WRONG)
    partition = Partition(DAYS[1], "main")
    in_place = read_part(lake, lake.facts(partition)).to_pylist()
    assert part_versions(lake, lake.facts(partition))["rules_version"] == "", (
        "rebuild makes it exact"
    )
    assert not stages(lake, WRONG).project([partition]).refused
    anew = read_part(lake, lake.facts(partition)).to_pylist()
    assert sorted(map(str, in_place)) == sorted(map(str, anew))


def test_two_runs_cannot_begin_with_two_keys(settings: Settings) -> None:
    claim_key(Lake(settings.home), KEY.key_id)
    with pytest.raises(OtherKeyError, match="set that key again"):
        claim_key(Lake(settings.home), WRONG.key_id)


def test_a_run_whose_key_was_changed_meanwhile_makes_no_more(lake: Lake) -> None:
    late = stages(lake)
    rekey(lake, KEY, WRONG)
    for stage in (late.flatten, late.project):
        with pytest.raises(OtherKeyError, match="the key was changed from"):
            stage([Partition(DAYS[0], "main")])
    partition = Partition(DAYS[0], "main")
    assert "the key was changed from" in late.land([partition]).refused[partition]
    with pytest.raises(OtherKeyError):
        purge_before(lake, KEY, DAYS[2], dt.datetime.now(dt.UTC))
    assert set(find_key_ids(lake, every=True)) == {WRONG.key_id}


def test_a_key_in_use_is_shared_and_a_change_of_it_is_not(lake: Lake) -> None:
    with using_key(lake, KEY.key_id), using_key(lake, KEY.key_id):
        pass
    with changing_key(lake):
        assert known_key_id(lake) == KEY.key_id

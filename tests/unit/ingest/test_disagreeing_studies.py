"""Erasure, retention and renaming where the series of a study disagree about the patient."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from protocol_assets.governance.do_not_process import do_not_process
from protocol_assets.ingest.retention.erasure import purge_patient
from protocol_assets.ingest.retention.patient_renaming import rename_patients
from protocol_assets.ingest.retention.purging import purge_before
from protocol_assets.lake.parquet import part_versions, read_part, write_part
from protocol_assets.lake.zones import Lake
from protocol_assets.publishing.ledger_files import ledger_mark
from protocol_assets.sources.dicomweb.reconcile import (
    Instance,
    ListedStudy,
    ReceivedStudy,
    reconcile,
)
from protocol_assets.sources.dicomweb.retrieval import Retrieved

from .fake_pacs import FakePacs
from .hospital import NEW, OLD, PSEUDONYMS, Hospital, instance, pass_stages, stages_of
from .test_purging import NOW, rows


@dataclass
class Disagreeing(Hospital):
    """Study 1 has a second series that states an issuer, and a third of another patient."""

    def list_day(self, day: dt.date) -> Any:
        super().list_day(day)
        self.studies[1] = ListedStudy(f"1.2.{day.day}.1", 3, 3)
        return FakePacs.list_day(self, day)

    def retrieve(self, study: ListedStudy, *, unless: str = "") -> Retrieved | None:
        number = int(study.study_instance_uid.rsplit(".", 1)[-1])
        if number != 1:
            return super().retrieve(study, unless=unless)
        content = ReceivedStudy(study.study_instance_uid)
        for place, changes in enumerate(({}, {"00100021": "HOSP"}, {"00100020": "PAT7"})):
            one = instance(self.day, number)
            one["0020000E"]["Value"] = [f"{study.study_instance_uid}.{place}"]
            one["00080018"]["Value"] = [f"{study.study_instance_uid}.{place}.1"]
            one |= {tag: {"vr": "LO", "Value": [value]} for tag, value in changes.items()}
            content.add([Instance.of(one)])
        return Retrieved(content, reconcile(study, content))


def disagreeing(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.prepare()
    pass_stages(stages_of(lake, Disagreeing()))
    return lake


def test_a_study_whose_series_disagree_has_one_patient(tmp_path: Path) -> None:
    lake = disagreeing(tmp_path)
    study = PSEUDONYMS.of("study", "1.2.2.1")
    keys = {one["patient_key"] for one in rows(lake, lake.facts(OLD)) if one["study_key"] == study}
    assert keys == {PSEUDONYMS.of("patient", "|PAT1")}
    registry = {one["patient_key"] for one in rows(lake, lake.label_registry(OLD))}
    assert registry == {PSEUDONYMS.of("patient", f"|PAT{number}") for number in (1, 2)}
    purge_before(lake, PSEUDONYMS, NEW.day, NOW)
    kept = {one["kept_patient_key"] for one in rows(lake, lake.series(OLD))}
    assert kept == {PSEUDONYMS.of("patient", f"|PAT{number}") for number in range(3)}


@pytest.mark.parametrize(
    ("patient", "issuer", "is_erased"),
    [
        pytest.param("PAT1", None, True, id="every issuer"),
        pytest.param("PAT1", "HOSP", True, id="the issuer of some series"),
        pytest.param("PAT7", None, True, id="a patient of one series"),
        pytest.param("PAT8", None, False, id="nobody"),
    ],
)
def test_erasure_takes_the_whole_study(
    tmp_path: Path, patient: str, issuer: str | None, is_erased: bool
) -> None:
    lake = disagreeing(tmp_path)
    touched = purge_patient(lake, PSEUDONYMS, patient, issuer, NOW)
    assert touched == ([OLD, NEW] if is_erased else [])
    left = 2 if is_erased else 3
    study = PSEUDONYMS.of("study", "1.2.2.1")
    assert len(list(lake.local_path(lake.raw(OLD)).glob("*.zst"))) == left
    assert {one["StudyInstanceUID"] for one in rows(lake, lake.series(OLD))} >= {
        "1.2.2.0",
        "1.2.2.2",
    }
    assert (study in {one["study_key"] for one in rows(lake, lake.facts(OLD))}) is not is_erased
    do_not_process(lake, patient, issuer, NOW.date())
    pass_stages(stages_of(lake, Disagreeing()))
    assert (study in {one["study_key"] for one in rows(lake, lake.facts(OLD))}) is not is_erased


def test_a_key_that_held_the_issuer_is_found_by_erasure(tmp_path: Path) -> None:
    """Facts of an earlier release, and the ledger of publications, are keyed with the issuer."""
    lake = disagreeing(tmp_path)
    old = PSEUDONYMS.of("patient", "HOSP|PAT1")
    facts = read_part(lake, lake.facts(OLD))
    keys = [old if key == PSEUDONYMS.of("patient", "|PAT1") else key for key in _keys(facts)]
    place = facts.schema.get_field_index("patient_key")
    write_part(lake, lake.facts(OLD), facts.set_column(place, "patient_key", [keys]), versions={})
    lake.local_path(lake.series(OLD)).unlink()
    assert purge_patient(lake, PSEUDONYMS, "PAT1", "HOSP", NOW) == [OLD, NEW]
    assert old not in _keys(read_part(lake, lake.facts(OLD)))


def test_what_is_kept_of_a_patient_follows_the_key_without_the_issuer(tmp_path: Path) -> None:
    """The last release kept the key of issuer and Patient ID; one day still has the identifiers."""
    lake = disagreeing(tmp_path)
    purge_before(lake, PSEUDONYMS, NEW.day, NOW)
    new, old = (PSEUDONYMS.of("patient", f"{issuer}|PAT1") for issuer in ("", "HOSP"))
    members = pa.table({"patient_key": [old, "other", None]})
    write_part(lake, f"{lake.publications}/members.parquet", members, versions={"key_id": "x"})
    series = read_part(lake, lake.series(OLD))
    place = series.schema.get_field_index("kept_patient_key")
    kept = [old if key == new else key for key in series["kept_patient_key"].to_pylist()]
    write_part(
        lake,
        lake.series(OLD),
        series.set_column(place, series.schema.field(place), [kept]),
        versions={},
    )
    assert rename_patients(lake, PSEUDONYMS) == 2
    ledger = ledger_mark(lake)["members"]
    assert read_part(lake, ledger)["patient_key"].to_pylist() == [new, "other", None]
    assert part_versions(lake, ledger)["key_id"] == "x"
    assert old not in read_part(lake, lake.series(OLD))["kept_patient_key"].to_pylist()
    assert rename_patients(lake, PSEUDONYMS) == 0


def _keys(facts: pa.Table) -> list[Any]:
    keys: list[Any] = facts["patient_key"].to_pylist()
    return keys

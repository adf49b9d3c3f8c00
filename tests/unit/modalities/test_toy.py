"""A new modality needs nothing but its own specification: the platform runs on a toy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from protocol_assets.analysis.tables import TABLES, analysis_tables
from protocol_assets.data import data_files
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import facts_schema
from protocol_assets.deidentify.projection import project
from protocol_assets.dicom.bounds import all_bounds, bounds_of
from protocol_assets.dicom.columns import series_columns
from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.faults import Fault
from protocol_assets.governance.findings import findings_table
from protocol_assets.modalities.measures import read_measures
from protocol_assets.modalities.registry import MODALITIES
from tests.unit.analysis.fleets import no_targets, targets
from tests.unit.modalities.toy import DATA, EXPOSURE, TOY

START = pd.Timestamp("2026-01-01")
DAYS = np.arange(0, 180)
CHANGED = 120


@pytest.fixture
def toy_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The toy's data files beside those of the registered modalities."""
    for path in DATA.glob("*.csv"):
        monkeypatch.setitem(data_files(), path.name, path)
    for cached in (all_bounds, bounds_of):
        cached.cache_clear()
    yield
    for cached in (all_bounds, bounds_of):
        cached.cache_clear()


def images(device: str, exposure: Any, **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"study_date": START + pd.to_timedelta(DAYS, unit="D")})
    plain: dict[str, Any] = {
        "device_key": device,
        "protocol_key": "chest.pa",
        "label_code": "L",
        "station_code": None,
        "site": "North",
        "software_code": "S",
        "pacs": "main",
        "vendor": "v",
        "model": "M",
        "repeat_kind": None,
        "anatomy": "chest",
        "view": "pa",
        "detector": "flat",
        "kvp": 120.0,
        "is_test_image": False,
    }
    for name, value in (plain | columns).items():
        frame[name] = value
    frame["exposure_uas"] = exposure
    frame["exposure_uas_min"] = frame["exposure_uas_max"] = frame["exposure_uas"]
    frame["acquisition_key"] = [f"{device}.{day}" for day in DAYS]
    frame["exam_key"] = frame["patient_key"] = frame["acquisition_key"]
    return frame


def fleet() -> pd.DataFrame:
    low = [images(f"D{i}", 1000.0) for i in range(6)]
    lowered = np.where(DAYS < CHANGED, 2000.0, 1000.0)
    return pd.concat([*low, images("HIGH", 2000.0), images("LOWERED", lowered)], ignore_index=True)


def found(**arguments: Any) -> dict[str, pd.DataFrame]:
    exams = pd.DataFrame(
        columns=["exam_key", "scan_time_sum_s", "exam_span_s", "gap_time_s", "is_quarantined"]
    )
    tables = analysis_tables(
        EXPOSURE,
        fleet(),
        exams,
        arguments.get("targets", no_targets()),
        findings_table([]).to_pandas(),
    )
    return {name: tables[name].to_pandas() for name in TABLES}


def instance(number: int, exposure: int) -> dict[str, Any]:
    values = {
        "0020000D": ("UI", "1.2.1"),
        "0020000E": ("UI", "1.2.1.1"),
        "00080018": ("UI", f"1.2.1.1.{number}"),
        "00080020": ("DA", "20260105"),
        "00100020": ("LO", "PAT1"),
        "00185101": ("CS", "PA"),
        "00181153": ("IS", exposure),
        "00180060": ("DS", 120),
    }
    return {tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in values.items()}


@pytest.mark.usefixtures("toy_files")
def test_headers_become_facts_by_its_specification_alone() -> None:
    assert len(series_columns(TOY.series_columns)) == 7
    instances = [instance(1, 900), instance(2, 900), instance(3, 1200)]
    rows = flatten_study(instances, TOY.series_columns).rows
    assert [row["ExposureInuAs"] for row in rows] == [900]
    described = [{**row, **own} for row, own in zip(rows, TOY.describe(rows, None), strict=True)]
    pseudonyms = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
    facts = project(described, TOY.facts_columns, pseudonyms, "north").facts
    assert facts.column_names == facts_schema(TOY.facts_columns).names
    (fact,) = facts.to_pylist()
    assert (fact["exposure_uas"], fact["exposure_uas_max"], fact["kvp"]) == (900, 1200, 120)
    assert "PAT1" not in str(fact)


def test_the_scanner_above_its_peers_has_potential() -> None:
    potential = found()["potential"].set_index("device_key")
    assert potential.index[potential["has_potential"].eq(True)].tolist() == ["HIGH"]
    high = potential.loc["HIGH"]
    assert high["measure"] == "exposure_uas"
    assert (high["level"], high["reference_level"], high["saving_s"]) == (2000, 1000, 1000)
    assert high["saving_low_s"] <= 1000 <= high["saving_high_s"]
    assert high["snr_ratio"] == pytest.approx(np.sqrt(0.5))


def test_a_signed_target_takes_precedence() -> None:
    signed = targets(
        {"parameter": "exposure_uas", "value": 500.0}
        | {"anatomy": "chest", "role": None, "reconstruction": None}
    )
    potential = found(targets=signed)["potential"]
    assert potential["has_potential"].eq(True).all()
    assert set(potential["reference_level"]) == {500.0}


def test_the_change_is_dated_and_its_saving_verified() -> None:
    tables = found()
    change = tables["changes"].iloc[0]
    assert len(tables["changes"]) == 1
    assert (change["device_key"], change["before"], change["after"]) == ("LOWERED", 2000, 1000)
    assert abs((pd.Timestamp(change["changed_on"]) - START).days - CHANGED) <= 1
    verification = tables["verification"].iloc[0]
    assert verification["scan_time_shift_s"] == pytest.approx(-1000)
    assert verification["evidence"] == "exploratory"


def test_what_left_its_own_past_is_found() -> None:
    drift = found()["compliance"]
    assert set(drift.loc[drift["kind"] == "drift", "device_key"]) == {"LOWERED"}
    assert set(drift.loc[drift["kind"] == "drift", "parameter"]) == {"exposure_uas"}


def test_measures_of_registered_modalities_are_read() -> None:
    for modality in MODALITIES:
        measure = modality.analysis.measure
        assert measure.cost in (*modality.analysis.numbers, *measure.columns)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "toy/measures.toml has no 'measure'; add it"),
        ("[[measure]]\ndirection = 'higher'", "direction must be 'lower', not 'higher'"),
        ("[[measure]]\ndirection = 'lower'", "toy/measures.toml has no 'past'; add it"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "measures.toml").write_text(text)
    with pytest.raises(Fault, match=r"measures\.toml") as error:
        read_measures(tmp_path / "toy")
    assert reason in str(error.value)

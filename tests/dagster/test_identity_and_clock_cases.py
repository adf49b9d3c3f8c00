"""Odd identities and clocks, served, landed and built into the marts.

The inputs are those of the shared cases, one study day each; what is right is in their
descriptions. Where the cases are not beside the project, the tests are skipped.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from click.testing import CliRunner

from protocol_assets.app.deployment import Deployment
from protocol_assets.cli import cli
from protocol_assets.defs.reference.assets import protocol_labels, reference_data
from protocol_assets.defs.resources import DeploymentResource
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.governance.scanner_rules import ScannerRule, add_scanner_rule
from protocol_assets.ingest.stages import Stages
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings

ROOT = Path(__file__).parents[2]
CASES = ROOT.parent / "shared" / "cases"
DAYS = {
    "c01_serial_placeholder": dt.date(2026, 3, 3),
    "c09_year_one": dt.date(2026, 3, 11),
    "c14_datetime_date_only": dt.date(2026, 3, 16),
    "c15_issuer_inconsistent": dt.date(2026, 3, 17),
    "c22_dt_in_utc": dt.date(2026, 3, 24),
    "c33_one_time_for_all": dt.date(2026, 4, 2),
    "c36_serial_spelling": dt.date(2026, 4, 5),
}
Row = dict[str, Any]


@dataclass
class Built:
    """A home with all cases in it, and its warehouse."""

    settings: Settings

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.home)

    def rows(self, table: str, case: str | None = None, order: str = "1") -> list[Row]:
        """Rows of a mart, of the day of one case."""
        where = f" where study_date = date '{DAYS[case]}'" if case else ""
        with duckdb.connect(str(self.lake.warehouse_building), read_only=True) as connection:
            found = connection.execute(f"select * from marts.{table}{where} order by {order}")
            names = [one[0] for one in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def serial(self, text: str) -> str:
        return Deployment(self.settings).pseudonyms().of("device", f"siemens|{text}")


def build(settings: Settings, folder: Path) -> None:
    """The warehouse from all facts, with its tests."""
    lake = Lake(settings.home)
    here = {"deployment": DeploymentResource.of(Deployment(settings))}
    assert dg.materialize([protocol_labels, reference_data], resources=here).success
    project = ROOT / "dbt_project"
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", "--select"]
    command += ["tag:core", "--project-dir", str(project), "--profiles-dir", str(project)]
    command += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    command += ["--exclude", "test_type:unit"]
    environment = os.environ | {HOME_VARIABLE: str(lake.home)}
    built = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout


def land(of: Stages, days: list[dt.date]) -> None:
    partitions = [Partition(day, "main") for day in days]
    for station in (of.land, of.flatten, of.project):
        result = station(partitions)
        assert not result.refused, result.refused


@pytest.fixture(scope="module")
def built(
    serve_instances: Callable[[list[Row]], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    """The cases after scanners were joined and excluded."""
    if not CASES.is_dir():
        pytest.skip("the shared cases are not beside the project")
    folder = tmp_path_factory.mktemp("cases")
    texts = [(CASES / f"{case}.ndjson").read_text(encoding="utf-8") for case in DAYS]
    instances = [json.loads(line) for text in texts for line in text.splitlines() if line]
    url = serve_instances(instances)
    with pytest.MonkeyPatch.context() as patch:
        path = folder / "protocol_assets.toml"
        path.write_text(
            f'home = "home"\nstart_date = {min(DAYS.values())}\nend_date = {max(DAYS.values())}\n'
            f'timezone = "Europe/Berlin"\n[[pacs]]\nname = "main"\nurl = "{url}"\n'
            "requests_per_second = 1000\n",
            encoding="utf-8",
        )
        patch.setenv(CONFIG_VARIABLE, str(path))
        patch.setenv(KEY_VARIABLE, bytes(range(32)).hex())
        patch.delenv(HOME_VARIABLE, raising=False)
        patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        home = Built(Settings.load())
        home.lake.prepare()
        land(Deployment(home.settings).stages(), list(DAYS.values()))
        for spelling in ("041001", "MR41001"):
            rule = ScannerRule(home.serial(spelling), "join", home.serial("41001"), "")
            add_scanner_rule(home.lake, rule)
        add_scanner_rule(home.lake, ScannerRule(home.serial("49999"), "exclude", "", "phantom"))
        build(home.settings, folder)
        yield home


def offsets(built: Built, case: str) -> list[float | None]:
    """Offsets of the acquisitions of the one study with several, in order."""
    return [one["start_offset_s"] for one in built.rows("fct_series", case, "start_offset_s")]


def exam(built: Built, case: str) -> Row:
    """The one exam of a case with several scans."""
    (one,) = (row for row in built.rows("fct_exam", case) if row["n_scans"] > 1)
    return one


def test_scanners_that_share_a_placeholder_are_not_pooled(built: Built) -> None:
    series = built.rows("fct_series", "c01_serial_placeholder")
    assert [row["device_key"] for row in series] == [None, None]
    counts = built.rows("kpi_exclusion_daily", "c01_serial_placeholder")
    assert {row["exclusion_reason"]: row["series"] for row in counts} == {"no_device_key": 2}
    (impossible,) = built.rows("kpi_impossible_values_daily", "c01_serial_placeholder")
    assert (impossible["column_name"], impossible["reason"]) == (
        "DeviceSerialNumber",
        "placeholder",
    )
    assert impossible["n_values"] == 2


def test_an_issuer_on_some_series_is_one_patient_and_one_exam(built: Built) -> None:
    series = built.rows("fct_series", "c15_issuer_inconsistent")
    assert len({row["patient_key"] for row in series}) == 1
    assert None not in {row["patient_key"] for row in series}
    assert offsets(built, "c15_issuer_inconsistent") == [0, 180, 300]
    (one,) = built.rows("fct_exam", "c15_issuer_inconsistent")
    assert (one["n_scans"], one["is_partial"], one["is_quarantined"]) == (3, False, False)
    (kpi,) = built.rows("kpi_exam_daily", "c15_issuer_inconsistent")
    assert (kpi["patients"], kpi["exams"]) == (1, 1)


def test_a_sentinel_is_no_start_and_costs_no_day(built: Built) -> None:
    several = exam(built, "c09_year_one")
    assert several["exam_span_s"] is not None
    assert offsets(built, "c09_year_one") == [0, 0, 180]
    assert len(built.rows("fct_exam", "c09_year_one")) == 1  # the healthy study is excluded
    assert len(built.rows("fct_series", "c09_year_one")) == 3


def test_a_date_without_a_time_is_not_midnight(built: Built) -> None:
    assert offsets(built, "c14_datetime_date_only") == [0, 180, 300]
    one = exam(built, "c14_datetime_date_only")
    assert one["exam_span_s"] == 412
    assert one["n_clock_flagged"] == 0


def test_a_date_time_in_utc_is_of_the_same_exam(built: Built) -> None:
    assert offsets(built, "c22_dt_in_utc") == [0, 180, 360]
    (one,) = built.rows("fct_exam", "c22_dt_in_utc")
    assert one["idle_before_s"] is None


def test_one_time_for_all_is_no_start(built: Built) -> None:
    assert offsets(built, "c33_one_time_for_all") == [None, None, None]
    one = exam(built, "c33_one_time_for_all")
    assert (one["exam_span_s"], one["gap_time_s"]) == (None, None)
    assert one["n_clock_flagged"] == 3


def test_spellings_of_a_serial_number_are_joined_and_shown(built: Built) -> None:
    series = built.rows("fct_series", "c36_serial_spelling")
    assert len(series) == 4  # one of them wrote the number 41001.0
    assert {row["device_key"] for row in series} == {built.serial("41001")}
    (scanner,) = (
        row
        for row in built.rows("dim_scanner")
        if row["device_key"] == built.serial("41001") and row["is_latest"]
    )
    assert (scanner["n_joined"], scanner["is_excluded"]) == (2, False)
    counts = built.rows("kpi_exclusion_daily", "c36_serial_spelling")
    assert {row["exclusion_reason"]: row["series"] for row in counts} == {"joined_scanner": 2}


def test_an_excluded_scanner_is_shown_and_does_not_count(built: Built) -> None:
    (scanner,) = (row for row in built.rows("dim_scanner") if row["is_excluded"])
    assert scanner["device_key"] == built.serial("49999")
    counts = built.rows("kpi_exclusion_daily", "c09_year_one")
    assert {row["exclusion_reason"]: row["series"] for row in counts} == {"scanner_excluded": 1}
    assert built.serial("49999") not in {row["device_key"] for row in built.rows("kpi_nex_daily")}


def test_no_exam_is_shorter_than_its_scans(built: Built) -> None:
    exams = [
        row
        for row in built.rows("fct_exam")
        if None not in (row["exam_span_s"], row["scan_time_sum_s"])
    ]
    assert exams
    assert all(row["exam_span_s"] >= row["scan_time_sum_s"] for row in exams)


def test_candidates_are_shown(built: Built) -> None:
    (built.lake.governance / "scanner_rules.csv").unlink()
    shown = CliRunner().invoke(
        cli, ["scanners", "pending"], standalone_mode=False, env={"COLUMNS": "300"}
    )
    assert shown.exception is None
    assert f"same scanner as {built.serial('41001')}?" in shown.output
    assert "placeholder, not a scanner" in shown.output


def test_nothing_that_identifies_leaves_the_restricted_zone(built: Built) -> None:
    (facts,) = (
        read_part(built.lake, built.lake.facts(Partition(day, "main"))).to_pylist()
        for case, day in DAYS.items()
        if case == "c15_issuer_inconsistent"
    )
    assert "c15_issuer_inconsistentP1" not in str(facts)

"""Inputs of public bug reports through the real path: served, landed, in the facts and the marts.

The inputs are beside the project; what is right is said here, from their descriptions. Those about
identity and clocks are in ``test_identity_and_clock_cases``, servers in ``tests/integration``.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from protocol_assets.cli.main import cli
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings
from tests.archive import DAY, STUDY, Archive, served

CASES = Path(__file__).parents[3] / "shared" / "cases"
FIRST, LAST = dt.date(2026, 3, 2), dt.date(2026, 4, 5)
OF_THE_SAME_DAY = "c31_moco"
"""It has a PACS of its own: its day is that of the control."""


def archive_of(*paths: Path) -> Archive:
    """Every study, listed for the day of its first instance."""
    archive = Archive()
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            instance = json.loads(line)
            study = instance[STUDY]["Value"][0]
            archive.add(archive.days.get(study) or instance[DAY]["Value"][0], study, [instance])
    return archive


@dataclass(frozen=True)
class Landed:
    """What came of all cases."""

    settings: Settings
    output: str

    def partition(self, day: str) -> Partition:
        return Partition(dt.date.fromisoformat(day), "cases")

    def facts(self, day: str, pacs: str = "cases") -> list[dict[str, Any]]:
        """The facts of a day, in the order of their starts."""
        rows: list[dict[str, Any]] = read_part(
            Lake(self.settings.home),
            Lake(self.settings.home).facts(Partition(dt.date.fromisoformat(day), pacs)),
        ).to_pylist()
        return sorted(rows, key=lambda row: (row["start_offset_s"] or 0, row["series_key"]))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(Lake(self.settings.home).warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def impossible(self, day: str, column: str) -> dict[str, int]:
        """Values of a column that became NULL, by reason."""
        rows = read_part(
            Lake(self.settings.home), Lake(self.settings.home).impossible(self.partition(day))
        ).to_pylist()
        return {row["reason"]: row["n_values"] for row in rows if row["column_name"] == column}


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landed]:
    if not CASES.is_dir():
        pytest.skip("the cases are not beside the project")
    folder = tmp_path_factory.mktemp("cases")
    paths = sorted(CASES.glob("c*.ndjson"))
    of_their_own = [path for path in paths if path.stem == OF_THE_SAME_DAY]
    others = [path for path in paths if path not in of_their_own]
    with (
        served(archive_of(*others)) as cases,
        served(archive_of(*of_their_own)) as moco,
        pytest.MonkeyPatch.context() as patch,
    ):
        config = folder / "protocol_assets.toml"
        config.write_text(
            f'home = "home"\nstart_date = {FIRST}\ntimezone = "Europe/Berlin"\n'
            + "".join(
                f'[[pacs]]\nname = "{name}"\nurl = "{url}"\nrequests_per_second = 1000\n'
                for name, url in (("cases", cases), ("moco", moco))
            ),
            encoding="utf-8",
        )
        patch.setenv(CONFIG_VARIABLE, str(config))
        patch.setenv(KEY_VARIABLE, bytes(range(32)).hex())
        patch.delenv(HOME_VARIABLE, raising=False)
        patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        said = ""
        for name, last in (("moco", FIRST), ("cases", LAST)):
            days = ["--from", FIRST.isoformat(), "--to", last.isoformat()]
            arguments = ["materialize", "--pacs", name, *days]
            said += CliRunner().invoke(cli, arguments, standalone_mode=False).output
        yield Landed(Settings.load(), said)


def test_the_control_lands(landed: Landed) -> None:
    assert [row["nex"] for row in landed.facts("2026-03-02")] == [2]
    assert "warehouse and report" not in landed.output


def test_c02_a_series_in_two_studies_counts_once(landed: Landed) -> None:
    ((acquisitions,),) = landed.query(
        "select count(*) from marts.fct_acquisition where study_date = '2026-03-04'"
    )
    assert acquisitions == 2
    assert len({row["study_key"] for row in landed.facts("2026-03-04")}) == 3


def test_c03_a_later_study_date_in_one_series(landed: Landed) -> None:
    assert len(landed.facts("2026-03-05")) == 3
    quarantine = read_part(
        Lake(landed.settings.home),
        Lake(landed.settings.home).quarantine(landed.partition("2026-03-05")),
    ).to_pylist()
    assert [(row["rule"], row["is_left_out"]) for row in quarantine] == [
        ("series_of_another_day", False)
    ]


def test_c05_repeated_sop_uids(landed: Landed) -> None:
    facts = landed.facts("2026-03-07")
    assert len(facts) == 3
    assert sum(row["number_of_instances"] for row in facts) == 12


def test_c06_unknown_values_are_read(landed: Landed) -> None:
    facts = landed.facts("2026-03-08")
    assert [row["nex"] for row in facts] == [2, 2]
    assert {row["scan_time_s"] for row in facts} == {98}
    assert {row["scan_time_method"] for row in facts} == {"siemens_text"}


def test_c07_split_volumes_are_one_acquisition(landed: Landed) -> None:
    rows = landed.query(
        "select scan_time_s, n_series from marts.fct_acquisition where study_date = '2026-03-09'"
        " and n_series > 1"
    )
    assert rows == [(40, 20)]
    ((votes,),) = landed.query(
        "select sum(acquisitions_with_nex) from marts.kpi_nex_daily where study_date = '2026-03-09'"
    )
    ((acquisitions,),) = landed.query(
        "select count(*) from marts.fct_acquisition where study_date = '2026-03-09'"
    )
    assert votes == acquisitions == 1  # the other series is a localizer


def test_c11_dirty_averages(landed: Landed) -> None:
    facts = landed.facts("2026-03-13")
    nex = sorted((row["nex"] for row in facts if row["nex"] is not None), key=float)
    assert nex == [0.5, 1.5, 2, 2, 99]
    assert len(facts) == 13
    told = landed.impossible("2026-03-13", "NumberOfAverages")
    assert told["not_positive"] == 2
    # '@2', '1,5', '1_5', [1, 2] and '1\\2'
    assert told["not_a_number"] == 5


def test_c24_series_uids_that_are_none(landed: Landed) -> None:
    assert len(landed.facts("2026-03-26")) == 1
    assert "8 instances of 1 study left out: series_uid_invalid (2)" in landed.output
    rows = landed.query(
        "select is_complete, instances_left_out from marts.kpi_completeness_daily"
        " where study_date = '2026-03-26' and pacs = 'cases'"
    )
    assert rows == [(False, 8)]


def test_c31_a_motion_corrected_copy_is_the_same_acquisition(landed: Landed) -> None:
    assert len({row["acquisition_key"] for row in landed.facts("2026-03-02", "moco")}) == 1

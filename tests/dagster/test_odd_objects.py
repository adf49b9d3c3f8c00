"""Days of twenty studies of which one is odd: the others land, and the odd one is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from protocol_assets.app.deployment import Deployment
from protocol_assets.cli.main import cli
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.publishing.versions import published_rows
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings
from tests.archive import DAY, SERIES, SOP, Archive, Instance, element, scan, served

FIRST = dt.date(2026, 3, 2)
STUDIES = 20
ODD = "1.2.999"
IN_PROCESS: Any = {"standalone_mode": False}


def odd_study(**changes: Any) -> list[Instance]:
    """Two series, of which the second is changed."""
    return [scan(ODD, 1), scan(ODD, 2, **changes)]


@dataclass(frozen=True)
class Kind:
    """One kind of oddity.

    Attributes:
        study: The twentieth study.
        rule: How it is named.
        series: Series of it in the facts.
        lost: Instances of it that the facts lack; with any, its study is not whole.
    """

    study: list[Instance]
    rule: str
    series: int = 2
    lost: int = 0


OTHER_DAY = element("DA", "20260309")
KINDS: Mapping[str, Kind] = {
    "series of another day": Kind(odd_study(t00080020=OTHER_DAY), "series_of_another_day"),
    "capture without a date": Kind(
        odd_study(
            t00080020=None,
            t00080060=element("CS", "OT"),
            t00080016=element("UI", "1.2.840.10008.5.1.4.1.1.7"),
        ),
        "series_of_another_day",
    ),
    "year one": Kind(
        [scan(ODD, n, t00080020=element("DA", "00010101")) for n in (1, 2)],
        "series_of_another_day",
    ),
    "year 9999": Kind(
        [scan(ODD, n, t00080020=element("DA", "99991231")) for n in (1, 2)],
        "series_of_another_day",
    ),
    "date that is none": Kind(
        odd_study(t00080020=element("DA", "2026-13-45")), "series_of_another_day"
    ),
    "series in two studies": Kind(
        [
            scan(ODD, 1),
            scan(
                ODD, 2, **{f"t{SERIES}": element("UI", "1.2.1.1"), f"t{SOP}": element("UI", "1.9")}
            ),
        ],
        "series_in_two_studies",
    ),
    "study of another day": Kind(
        [scan(ODD, n, t00080020=OTHER_DAY) for n in (1, 2)], "study_of_another_day", 0, 2
    ),
    "letters in a series UID": Kind(
        odd_study(**{f"t{SERIES}": element("UI", "1.2.abc")}), "series_uid_invalid", 1, 1
    ),
    "series UID too long": Kind(
        odd_study(**{f"t{SERIES}": element("UI", "1." * 34 + "1")}), "series_uid_invalid", 1, 1
    ),
    "series UID as bytes": Kind(
        odd_study(**{f"t{SERIES}": {"vr": "UI", "InlineBinary": "MS4yLjcuNw=="}}),
        "series_uid_invalid",
        1,
        1,
    ),
}
PARTITIONS = {kind: Partition(FIRST + dt.timedelta(days=n), "main") for n, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class Landed:
    """What came of it.

    Attributes:
        settings: The deployment.
        exit_code: Of ``materialize``.
        output: What it printed.
    """

    settings: Settings
    exit_code: int
    output: str

    def line(self, partition: Partition) -> str:
        """What was printed of a partition, empty where nothing was."""
        lines = self.output.splitlines()
        return next(
            (one for one in lines if one.startswith(f"{partition.day} main incomplete")), ""
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(Lake(self.settings.home).warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def moved(instance: Instance, day: dt.date) -> Instance:
    """The instance on the day of its partition; what is odd about its StudyDate stays."""
    own = f"{day:%Y%m%d}"
    changed = dict(instance) | {"00080022": element("DA", own)}
    if instance.get(DAY) == element("DA", "20260302"):
        changed[DAY] = element("DA", own)
    return changed


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landed]:
    archive = Archive()
    for kind, partition in PARTITIONS.items():
        suffix = str(partition.day.toordinal())
        for number in range(1, STUDIES):
            study = f"1.2.{number}"
            archive.add(
                f"{partition.day:%Y%m%d}",
                f"{study}.{suffix}",
                [renamed(moved(scan(study, 1), partition.day), suffix)],
            )
        odd = [renamed(moved(one, partition.day), suffix) for one in KINDS[kind].study]
        archive.add(f"{partition.day:%Y%m%d}", f"{ODD}.{suffix}", odd)
    folder = tmp_path_factory.mktemp("odd")
    with served(archive) as url, pytest.MonkeyPatch.context() as patch:
        config = folder / "protocol_assets.toml"
        config.write_text(
            f'home = "home"\nstart_date = {FIRST}\n'
            f'[[pacs]]\nname = "main"\nurl = "{url}"\nrequests_per_second = 1000\n',
            encoding="utf-8",
        )
        patch.setenv(CONFIG_VARIABLE, str(config))
        patch.setenv(KEY_VARIABLE, bytes(range(32)).hex())
        patch.delenv(HOME_VARIABLE, raising=False)
        patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        days = ["--from", FIRST.isoformat(), "--to", max(PARTITIONS.values()).day.isoformat()]
        run = CliRunner().invoke(cli, ["materialize", "--pacs", "main", *days], **IN_PROCESS)
        yield Landed(Settings.load(), run.return_value, run.output)


def renamed(instance: Instance, suffix: str) -> Instance:
    """The instance with UIDs and a patient of its partition; what is no UID stays."""
    changed = dict(instance)
    for tag in ("0020000D", SERIES, SOP):
        uid = instance[tag].get("Value", [""])[0]
        if uid.replace(".", "").isdigit() and len(uid) < 40:
            changed[tag] = element("UI", f"{uid}.{suffix}")
    patient = instance["00100020"]["Value"][0]
    return changed | {"00100020": element("LO", f"{patient}.{suffix}")}


@pytest.mark.parametrize("kind", KINDS)
def test_the_other_studies_land_and_the_odd_one_is_named(landed: Landed, kind: str) -> None:
    partition, odd = PARTITIONS[kind], KINDS[kind]
    lake = Lake(landed.settings.home)
    study = (
        Deployment(landed.settings).pseudonyms().of("study", f"{ODD}.{partition.day.toordinal()}")
    )
    facts = read_part(lake, lake.facts(partition)).to_pylist()
    assert len({row["study_key"] for row in facts} - {study}) == STUDIES - 1
    assert len([row for row in facts if row["study_key"] == study]) == odd.series
    assert {row["study_date"] for row in facts} == {partition.day}
    named = [
        row
        for row in read_part(lake, lake.quarantine(partition)).to_pylist()
        if row["study_key"] == study
    ]
    assert {row["rule"] for row in named} == {odd.rule}
    assert sum(row["n_instances"] for row in named if row["is_left_out"]) == odd.lost
    device = {row["device_key"] for row in facts}
    assert {row["device_key"] for row in named} == device  # counted for its scanner


@pytest.mark.parametrize("kind", KINDS)
def test_completeness_says_what_the_facts_lack_everywhere(landed: Landed, kind: str) -> None:
    partition, odd = PARTITIONS[kind], KINDS[kind]
    share = (STUDIES - bool(odd.lost)) / STUDIES
    (mart,) = landed.query(
        "select studies_completeness, is_complete, is_settled from marts.kpi_completeness_daily"
        f" where study_date = '{partition.day}'"
    )
    assert mart == (pytest.approx(share), not odd.lost, True)
    published = {
        row["study_date"]: row
        for row in published_rows(Lake(landed.settings.home), "completeness_daily")
    }
    assert published[partition.day]["studies_landed_percent"] == pytest.approx(100 * share)
    assert (odd.rule in landed.line(partition)) == bool(odd.lost)


def test_the_report_shows_the_share_of_each_day(landed: Landed) -> None:
    day = max(Lake(landed.settings.home).publish.glob("reports/*/report.html"))
    text = day.read_text(encoding="utf-8")
    assert "95" in text[text.index("Completeness") :]


def test_a_scan_in_two_studies_counts_once(landed: Landed) -> None:
    partition = PARTITIONS["series in two studies"]
    ((acquisitions, duplicates),) = landed.query(
        "select (select count(*) from marts.fct_acquisition where study_date = d),"
        " (select sum(series) from marts.kpi_exclusion_daily"
        "   where study_date = d and exclusion_reason = 'duplicate')"
        f" from (select date '{partition.day}' as d)"
    )
    assert (acquisitions, duplicates) == (STUDIES, 1)


def test_the_commands_end_with_one_and_name_the_objects(landed: Landed) -> None:
    partition = PARTITIONS["letters in a series UID"]
    assert landed.exit_code == 1
    assert "1 instance of 1 study left out: series_uid_invalid (1)" in landed.line(partition)
    whole = sum(not kind.lost for kind in KINDS.values())
    assert f"{whole} of {len(KINDS)} partitions landed" in landed.output
    assert "warehouse and report" not in landed.output
    shown = CliRunner().invoke(cli, ["status"], env={"COLUMNS": "250"}, **IN_PROCESS)
    study = (
        Deployment(landed.settings).pseudonyms().of("study", f"{ODD}.{partition.day.toordinal()}")
    )
    assert study in shown.output
    assert "with objects left out" in shown.output


def test_nothing_of_the_odd_objects_leaves_the_restricted_zone(landed: Landed) -> None:
    texts = [b"1.2.abc", b"1.1.1.1.1", ODD.encode()]
    for zone in (Lake(landed.settings.home).safe, Lake(landed.settings.home).publish):
        for path in zone.rglob("*"):
            if path.is_file():
                content = Path(path).read_bytes()
                assert not [text for text in texts if text in content], path

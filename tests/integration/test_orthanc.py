"""What a real PACS does to a landing: passwords, pages, caps, deletions, late series."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from protocol_assets.app.deployment import Deployment
from protocol_assets.ingest.stages import Stages
from protocol_assets.lake.manifest import Manifest, read_manifest
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Partition
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.probe import ProbeReport, probe
from protocol_assets.sources.dicomweb.profile import SiteProfile, product_profiles
from protocol_assets.sources.dicomweb.stored_profiles import write_profile
from protocol_assets.sources.errors import PacsError
from tests.integration.conftest import Deploy, MakeInstance, StartOrthanc
from tests.integration.orthanc import CountingProxy, Orthanc
from tests.integration.real_data import RealFile, edited

DAY = dt.date(2026, 3, 2)
PARTITION = Partition(DAY, "orthanc")
PASSWORD = "kept-out-of-every-message"


@pytest.fixture
def stage(proxy: CountingProxy, deploy: Deploy) -> Stages:
    """The stages of a deployment that reads ``orthanc`` through ``proxy``."""
    return Deployment(deploy(proxy.url, "2026-03-01", "2026-03-31")).stages()


def run(stage: Stages) -> Manifest:
    """The whole way of the partition; gives its manifest."""
    for step in (stage.land, stage.flatten, stage.project):
        assert not step([PARTITION]).refused
    manifest = read_manifest(stage.lake, PARTITION)
    assert manifest is not None
    return manifest


def facts(stage: Stages) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_part(stage.lake, stage.lake.facts(PARTITION)).to_pylist()
    return rows


def uid(study: int) -> str:
    return f"2.25.{1000 + study}"


def store_studies(orthanc: Orthanc, new_instance: MakeInstance, count: int) -> None:
    for study in range(count):
        assert orthanc.store(new_instance(study)) == "Success"


class TestPassword:
    @pytest.fixture
    def guarded(self, start_orthanc: StartOrthanc, new_instance: MakeInstance) -> Orthanc:
        orthanc = start_orthanc(password=PASSWORD)
        store_studies(orthanc, new_instance, 1)
        return orthanc

    @pytest.fixture
    def stage(self, guarded: Orthanc, deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> Stages:
        monkeypatch.setenv("ORTHANC_USER", "monitor")
        login = {"username_env": "ORTHANC_USER", "password_env": "ORTHANC_PASSWORD"}
        return Deployment(deploy(guarded.url, "2026-03-01", "2026-03-31", **login)).stages()

    def test_the_right_one_lands(self, stage: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ORTHANC_PASSWORD", PASSWORD)
        assert run(stage).is_complete
        assert len(facts(stage)) == 1

    def test_a_wrong_one_is_told_in_one_line(
        self, stage: Stages, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ORTHANC_PASSWORD", "wrong-secret")
        (reason,) = stage.land([PARTITION]).refused.values()
        assert reason.startswith("PACS orthanc refused the credentials (HTTP 401): check")
        assert "\n" not in reason
        assert "secret" not in reason
        assert read_manifest(stage.lake, PARTITION) is None

    def test_none_is_refused_too(self, guarded: Orthanc) -> None:
        with (
            PacsClient(Endpoint("orthanc", guarded.url)) as client,
            pytest.raises(PacsError) as told,
        ):
            client.list_day(DAY)
        assert told.value.kind == "unauthorized"


class TestListing:
    @pytest.mark.parametrize("page_size", [1, 4, 5, 6, 100])
    def test_pages_of_any_size_show_every_study(
        self, orthanc: Orthanc, new_instance: MakeInstance, page_size: int
    ) -> None:
        store_studies(orthanc, new_instance, 11)
        with PacsClient(Endpoint("orthanc", orthanc.url, page_size=page_size)) as client:
            listing = client.list_day(DAY)
        assert [study.study_instance_uid for study in listing.studies] == sorted(
            map(uid, range(11))
        )
        assert {study.instances for study in listing.studies} == {1}

    @pytest.mark.parametrize("page_size", [3, 5, 6, 100])
    def test_a_silent_cap_is_got_round_by_study_time(
        self, start_orthanc: StartOrthanc, new_instance: MakeInstance, page_size: int
    ) -> None:
        orthanc = start_orthanc(options={"LimitFindResults": 5})
        store_studies(orthanc, new_instance, 23)
        assert len(orthanc.session.get(f"{orthanc.url}/studies", timeout=30).json()) < 23
        with PacsClient(Endpoint("orthanc", orthanc.url, page_size=page_size)) as client:
            listing = client.list_day(DAY)
        assert {study.study_instance_uid for study in listing.studies} == set(map(uid, range(23)))

    @pytest.mark.parametrize("time", [None, "0900"])
    def test_a_cap_that_cannot_be_got_round_refuses_the_partition(
        self,
        start_orthanc: StartOrthanc,
        new_instance: MakeInstance,
        deploy: Deploy,
        time: str | None,
    ) -> None:
        orthanc = start_orthanc(options={"LimitFindResults": 5})
        # With studies of other days among the first that it shows of the days around.
        for study in (20, 21, 22):
            orthanc.store(new_instance(study, StudyDate="20260301"))
        for study in range(12):
            orthanc.store(new_instance(study, StudyTime=time))
        stage = Deployment(deploy(orthanc.url, "2026-03-01", "2026-03-31")).stages()
        (reason,) = stage.land([PARTITION]).refused.values()
        assert "hides studies behind a limit" in reason
        assert "LimitFindResults" in reason
        assert read_manifest(stage.lake, PARTITION) is None

    def test_studies_without_a_usable_date_are_on_no_day(
        self, orthanc: Orthanc, new_instance: MakeInstance
    ) -> None:
        dates = {0: "20260302", 1: None, 2: "1997.04.24", 3: "19970424"}
        for study, date in dates.items():
            assert orthanc.store(new_instance(study, StudyDate=date)) == "Success"
        days = (DAY, dt.date(1997, 4, 24))
        with PacsClient(Endpoint("orthanc", orthanc.url)) as client:
            seen = {
                study.study_instance_uid for day in days for study in client.list_day(day).studies
            }
            everything = client.search_studies({}, limit=100)
        # Orthanc compares dates as text: the ACR-NEMA form is found by no date of today's form.
        assert seen == {uid(0), uid(3)}
        assert len(everything) - len(seen) == 2


class TestChange:
    @pytest.fixture(autouse=True)
    def archive(self, orthanc: Orthanc, new_instance: MakeInstance) -> None:
        store_studies(orthanc, new_instance, 4)

    def test_nothing_is_fetched_twice(self, stage: Stages, proxy: CountingProxy) -> None:
        first = run(stage)
        assert Counter(proxy.retrievals) == Counter(map(uid, range(4)))
        second = run(stage)
        assert len(proxy.retrievals) == 4
        assert (first.fetched, second.fetched) == (4, 0)
        assert second.studies == first.studies

    def test_force_fetches_every_study(self, stage: Stages, proxy: CountingProxy) -> None:
        run(stage)
        assert not stage.land([PARTITION], force=True).refused
        assert set(Counter(proxy.retrievals).values()) == {2}

    def test_a_deleted_study_leaves_the_facts(self, stage: Stages, orthanc: Orthanc) -> None:
        run(stage)
        before = {fact["study_key"] for fact in facts(stage)}
        orthanc.delete_study(uid(2))
        manifest = run(stage)
        after = {fact["study_key"] for fact in facts(stage)}
        assert (len(before), len(after)) == (4, 3)
        assert after < before
        assert manifest.count("gone") == 1
        assert manifest.is_complete
        assert manifest.fetched == 0
        assert len(list(stage.lake.local_path(stage.lake.raw(PARTITION)).glob("*.zst"))) == 3

    def test_a_late_series_fetches_its_study_alone(
        self,
        stage: Stages,
        orthanc: Orthanc,
        proxy: CountingProxy,
        new_instance: MakeInstance,
    ) -> None:
        run(stage)
        proxy.requests.clear()
        orthanc.store(new_instance(3, series=2))
        manifest = run(stage)
        assert proxy.retrievals == [uid(3)]
        assert manifest.fetched == 1
        assert Counter(Counter(fact["study_key"] for fact in facts(stage)).values()) == {
            1: 3,
            2: 1,
        }

    def test_a_late_instance_fetches_its_study_alone(
        self,
        stage: Stages,
        orthanc: Orthanc,
        proxy: CountingProxy,
        new_instance: MakeInstance,
    ) -> None:
        run(stage)
        proxy.requests.clear()
        orthanc.store(new_instance(1, instance=2))
        run(stage)
        assert proxy.retrievals == [uid(1)]
        rows = read_part(stage.lake, stage.lake.series(PARTITION)).to_pylist()
        assert sorted(row["NumberOfSeriesRelatedInstances"] for row in rows) == [1, 1, 1, 2]

    def test_a_large_study_comes_series_by_series(
        self,
        stage: Stages,
        orthanc: Orthanc,
        proxy: CountingProxy,
        new_instance: MakeInstance,
    ) -> None:
        write_profile(stage.lake, PARTITION.pacs, SiteProfile(series_level_above=5))
        for series in (2, 3):
            for instance in (1, 2, 3):
                orthanc.store(new_instance(0, series=series, instance=instance))
        assert run(stage).is_complete
        assert Counter(proxy.retrievals) == {uid(0): 3, uid(1): 1, uid(2): 1, uid(3): 1}
        assert len(facts(stage)) == 6


def test_an_overwrite_with_equal_counts_is_seen_by_force_or_when_a_check_is_due(
    start_orthanc: StartOrthanc, new_instance: MakeInstance, deploy: Deploy
) -> None:
    # QIDO-RS answers the same to the byte: why old studies are to be fetched anew now and then.
    orthanc = start_orthanc(options={"OverwriteInstances": True})
    orthanc.store(new_instance(0, NumberOfAverages="2"))
    stage = Deployment(deploy(orthanc.url, "2026-03-01", "2026-03-31")).stages()
    first = run(stage)
    orthanc.store(new_instance(0, NumberOfAverages="1"))
    assert run(stage).studies == first.studies
    stage.land([PARTITION], force=True)
    assert run(stage).studies[0].content_hash != first.studies[0].content_hash
    assert [fact["nex"] for fact in facts(stage)] == [1.0]


def test_a_study_uid_shared_by_patients_is_named_and_holds_up_nobody(
    orthanc: Orthanc, new_instance: MakeInstance, deploy: Deploy, proxy: CountingProxy
) -> None:
    # As in real de-identified archives: Orthanc lists such a study and does not give it.
    for study in range(5):
        for patient in ("one", "other"):
            orthanc.store(new_instance(study, PatientID=f"{patient}-{study}"))
    for study in (5, 6, 7):
        orthanc.store(new_instance(study))
    settings = deploy(proxy.url, "2026-03-01", "2026-03-31", workers=1)
    stage = Deployment(settings).stages()
    run(stage)
    manifest = run(stage)
    assert (manifest.count("landed"), manifest.count("failed")) == (3, 5)
    assert {entry.error for entry in manifest.studies if entry.state == "failed"} >= {"bad_status"}
    assert len(facts(stage)) == 3


class TestProbe:
    def probe(self, orthanc: Orthanc, page_size: int = 5) -> ProbeReport:
        with PacsClient(Endpoint("orthanc", orthanc.url, page_size=page_size)) as client:
            return probe(client)

    def verdicts(self, report: ProbeReport) -> Mapping[str, str]:
        return {finding.item: finding.verdict for finding in report.findings}

    def test_orthanc_as_it_is(self, orthanc: Orthanc, new_instance: MakeInstance) -> None:
        store_studies(orthanc, new_instance, 8)
        report = self.probe(orthanc)
        assert {item for item, verdict in self.verdicts(report).items() if verdict != "ok"} <= {
            "private elements"  # this file has none
        }
        assert len(report.findings) == 16
        assert all("2.25." not in finding.sentence for finding in report.findings)

    def test_the_profile_that_ships_is_what_is_measured(
        self, orthanc: Orthanc, new_instance: MakeInstance
    ) -> None:
        store_studies(orthanc, new_instance, 8)
        measured, shipped = self.probe(orthanc).profile, product_profiles()["orthanc"]
        assert measured is not None
        for name in ("retrieval", "offset", "time_filter", "counts", "etag", "gzip"):
            assert getattr(measured, name) == getattr(shipped, name), name

    def test_main_tags_only(self, start_orthanc: StartOrthanc, new_instance: MakeInstance) -> None:
        reduced = {"StudiesMetadata": "MainDicomTags", "SeriesMetadata": "MainDicomTags"}
        dicomweb = {"Enable": True, "Root": "/dicom-web/", **reduced}
        orthanc = start_orthanc(options={"DicomWeb": dicomweb})
        store_studies(orthanc, new_instance, 1)
        report = self.probe(orthanc)
        assert report.verdict == "fail"
        assert self.verdicts(report)["elements"] == "fail"

    def test_private_elements_in_implicit_vr(
        self,
        orthanc: Orthanc,
        deploy: Deploy,
        real_files: Mapping[str, list[RealFile]],
    ) -> None:
        if "nibabel" not in real_files:
            pytest.skip("the wheel of nibabel was not fetched")
        (file,) = (f for f in real_files["nibabel"] if f.name.endswith("nicom/tests/data/0.dcm"))
        assert file.header.file_meta.TransferSyntaxUID.is_implicit_VR
        orthanc.store(edited(file.content, StudyDate="20260302"))
        assert self.verdicts(self.probe(orthanc))["private elements"] == "warn"
        stage = Deployment(deploy(orthanc.url, "2026-03-01", "2026-03-31")).stages()
        run(stage)
        (row,) = read_part(stage.lake, stage.lake.series(PARTITION)).to_pylist()
        # What is named but served as bulk data only is NULL, and counted by column.
        withheld = {"DiffusionBValue", "SiemensAcquisitionTimeText", "SiemensParallelImagingText"}
        assert {row[column] for column in withheld} == {None}
        assert set(row["dirty_columns"].split("\\")) == withheld

    def test_a_wrong_password(
        self, start_orthanc: StartOrthanc, new_instance: MakeInstance
    ) -> None:
        orthanc = start_orthanc(password=PASSWORD)
        assert self.verdicts(self.probe(orthanc)) == {"reachable": "ok", "credentials": "fail"}

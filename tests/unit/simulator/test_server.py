import gzip
import http.client
import tracemalloc
from collections import Counter
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from dicomweb_client.api import DICOMwebClient

from protocol_assets_simulator import Answer, Fleet, Request, SimulatedPacs
from protocol_assets_simulator.scan import Study

Json = list[dict[str, Any]]


def uid_of(entry: dict[str, Any], tag: str = "0020000D") -> str:
    return str(entry[tag]["Value"][0])


def get(session: requests.Session, url: str, *parameters: tuple[str, str]) -> Json:
    answer = session.get(url, params=list(parameters))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/dicom+json"
    found: Json = answer.json()
    return found


def test_pages_cover_the_fleet_once(
    fleet: Fleet, pacs: SimulatedPacs, session: requests.Session
) -> None:
    seen: list[str] = []
    while page := get(
        session, f"{pacs.url()}/studies", ("limit", "100"), ("offset", str(len(seen)))
    ):
        assert len(page) <= 100
        seen += map(uid_of, page)
    studies = fleet.studies(None, fleet.start, fleet.end)
    assert seen == [study.study_uid for study in studies]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("20260210", "20260210", "20260210"),
        ("20260201-20260207", "20260201", "20260207"),
        ("20260305-", "20260305", "99991231"),
        ("-20260203", "00010101", "20260203"),
    ],
)
def test_study_dates(
    fleet: Fleet,
    pacs: SimulatedPacs,
    session: requests.Session,
    asked: str,
    first: str,
    last: str,
) -> None:
    found = get(session, f"{pacs.url()}/studies", ("StudyDate", asked))
    expected = [
        study.study_uid
        for study in fleet.studies(None, fleet.start, fleet.end)
        if first <= f"{study.day:%Y%m%d}" <= last
    ]
    assert expected
    assert list(map(uid_of, found)) == expected


def test_each_site_is_a_pacs_of_its_own(
    fleet: Fleet, pacs: SimulatedPacs, session: requests.Session
) -> None:
    for site in fleet.sites:
        found = get(session, f"{pacs.url(site)}/studies", ("StudyDate", "20260210"))
        assert set(map(uid_of, found)) == {
            study.study_uid
            for study in fleet.studies(site, fleet.start, fleet.end)
            if f"{study.day:%Y%m%d}" == "20260210"
        }
    north, south = (
        fleet.studies(site, fleet.start, fleet.end)[0].study_uid for site in ("north", "south")
    )
    assert session.get(f"{pacs.url('north')}/studies/{north}/metadata").status_code == 200
    assert session.get(f"{pacs.url('north')}/studies/{south}/metadata").status_code == 404
    with pytest.raises(KeyError, match="north, south"):
        pacs.url("east")


def test_late_studies_appear_as_days_pass(session: requests.Session) -> None:
    fleet = Fleet(seed=2, studies=300)
    study = next(
        one
        for one in fleet.studies("north", fleet.start, fleet.end)
        if one.held[0][1] > one.day and not one.salt
    )
    with SimulatedPacs(fleet, as_of=study.day) as pacs:
        root = pacs.url("north")
        metadata = f"{root}/studies/{study.study_uid}/metadata"
        day = ("StudyDate", f"{study.day:%Y%m%d}")
        assert study.study_uid not in map(uid_of, get(session, f"{root}/studies", day))
        assert session.get(metadata).status_code == 404
        pacs.as_of = study.held[0][1]
        assert study.study_uid in map(uid_of, get(session, f"{root}/studies", day))
        assert session.get(metadata).status_code == 200


def test_counts_equal_the_metadata(pacs: SimulatedPacs, session: requests.Session) -> None:
    root = pacs.url()
    studies = get(session, f"{root}/studies", ("StudyDate", "20260212"))
    assert len(studies) >= 11
    for study in studies:
        uid = uid_of(study)
        series = get(session, f"{root}/studies/{uid}/series")
        metadata = get(session, f"{root}/studies/{uid}/metadata")
        assert study["00201206"]["Value"] == [len(series)]
        assert study["00201208"]["Value"] == [len(metadata)]
        per_series = Counter(uid_of(instance, "0020000E") for instance in metadata)
        assert per_series == {
            uid_of(entry, "0020000E"): entry["00201209"]["Value"][0] for entry in series
        }
        one = uid_of(series[0], "0020000E")
        assert get(session, f"{root}/studies/{uid}/series/{one}/metadata") == [
            instance for instance in metadata if uid_of(instance, "0020000E") == one
        ]


def test_default_attributes_of_a_study(pacs: SimulatedPacs, session: requests.Session) -> None:
    (study,) = get(session, f"{pacs.url()}/studies", ("limit", "1"))
    # PS3.18 Table 10.6.3-3
    assert set(study) == {
        "00080005", "00080020", "00080030", "00080050", "00080056", "00080061", "00080090",
        "00081190", "00100010", "00100020", "00100030", "00100040", "0020000D", "00200010",
        "00201206", "00201208",
    }  # fmt: skip
    assert study["00081190"]["Value"] == [f"{pacs.url()}/studies/{uid_of(study)}"]


def test_includefield(pacs: SimulatedPacs, session: requests.Session) -> None:
    page = ("limit", "1")
    url = f"{pacs.url()}/studies"
    wanted = (("includefield", "StudyDescription"), ("includefield", "00080080"))
    (study,) = get(session, url, page, *wanted)
    assert {"00081030", "00080080"} <= set(study)
    (everything,) = get(session, url, page, ("includefield", "all"))
    assert set(everything) > set(study) - {"00080080"}
    uid = uid_of(study)
    plain = get(session, f"{url}/{uid}/series")
    series = get(session, f"{url}/{uid}/series", ("includefield", "MagneticFieldStrength"))
    assert all("00180087" not in entry for entry in plain)
    images = [entry for entry in series if uid_of(entry, "00080060") == "MR"]
    assert images
    assert all("00180087" in entry for entry in images)
    complete = get(session, f"{url}/{uid}/series", ("includefield", "all"))
    assert "00181000" in complete[0]
    assert "7FE00010" not in complete[0]


def test_filters(fleet: Fleet, pacs: SimulatedPacs, session: requests.Session) -> None:
    root = pacs.url()
    study = fleet.studies(None, fleet.start, fleet.end)[7]
    for name, wanted in (
        ("PatientID", study.patient.patient_id),
        ("StudyInstanceUID", study.study_uid),
        ("0020000D", study.study_uid),
    ):
        found = get(session, f"{root}/studies", (name, wanted))
        assert study.study_uid in map(uid_of, found)
        assert len(found) <= 2
    reported = get(session, f"{root}/studies", ("ModalitiesInStudy", "SR"))
    assert 0 < len(reported) < 480
    assert all("SR" in entry["00080061"]["Value"] for entry in reported)
    assert get(session, f"{root}/studies", ("ModalitiesInStudy", "CT")) == []
    day = ("StudyDate", "20260212")
    series = get(session, f"{root}/series", day, ("Modality", "MR"))
    assert series
    assert {uid_of(entry, "00080060") for entry in series} == {"MR"}
    assert {entry["00080020"]["Value"][0] for entry in series} == {"20260212"}
    assert get(session, f"{root}/series", day, ("Modality", "CT")) == []
    page = get(session, f"{root}/series", day, ("Modality", "MR"), ("limit", "5"), ("offset", "3"))
    assert page == series[3:8]


def test_modalities_in_study_are_those_of_its_series(
    pacs: SimulatedPacs, session: requests.Session
) -> None:
    for study in get(session, f"{pacs.url()}/studies", ("limit", "120")):
        series = get(session, f"{pacs.url()}/studies/{uid_of(study)}/series")
        assert set(study["00080061"]["Value"]) == {uid_of(e, "00080060") for e in series}


def test_no_match_is_an_empty_array(pacs: SimulatedPacs, session: requests.Session) -> None:
    assert get(session, f"{pacs.url()}/studies", ("StudyDate", "19990101")) == []
    assert get(session, f"{pacs.url()}/studies", ("limit", "0")) == []
    assert get(session, f"{pacs.url()}/studies/1.2.3/series") == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/studies?StudyDate=2026-02-01", 400),
        ("/studies?StudyDate=20260231", 400),
        ("/studies?limit=many", 400),
        ("/studies?includefield=Nonsense", 400),
        ("/studies/1.2.3/metadata", 404),
        ("/studies/1.2.3/series/1.2/metadata", 404),
        ("/studies/../metadata", 404),
        ("/patients", 404),
        ("//studies", 404),
    ],
)
def test_errors(pacs: SimulatedPacs, session: requests.Session, path: str, status: int) -> None:
    assert session.get(f"{pacs.url()}{path}").status_code == status


def test_an_unknown_series_of_a_known_study_is_404(
    fleet: Fleet, pacs: SimulatedPacs, session: requests.Session
) -> None:
    study = fleet.studies(None, fleet.start, fleet.end)[0]
    url = f"{pacs.url()}/studies/{study.study_uid}/series/1.2.3/metadata"
    assert session.get(url).status_code == 404


def test_an_ignored_filter_is_warned_of(pacs: SimulatedPacs, session: requests.Session) -> None:
    answer = session.get(f"{pacs.url()}/studies", params={"PatientWeight": "1", "limit": "1"})
    assert answer.headers["Warning"].startswith("299 ")
    assert len(answer.json()) == 1


def test_only_dicom_json_is_served(pacs: SimulatedPacs, session: requests.Session) -> None:
    refused = session.get(f"{pacs.url()}/studies", headers={"Accept": "application/dicom+xml"})
    assert refused.status_code == 406


def test_gzip_only_where_accepted(pacs: SimulatedPacs) -> None:
    parts = urlsplit(pacs.url())
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    bodies = []
    for coding in ("identity", "gzip", "gzip;q=0"):
        connection.request("GET", f"{parts.path}/studies", headers={"Accept-Encoding": coding})
        answer = connection.getresponse()
        assert answer.getheader("Content-Encoding") == ("gzip" if coding == "gzip" else None)
        bodies.append(answer.read())
    connection.close()
    plain, compressed, refused = bodies
    assert gzip.decompress(compressed) == plain == refused
    assert len(compressed) < len(plain) / 3


def test_a_connection_is_kept_alive(pacs: SimulatedPacs) -> None:
    parts = urlsplit(pacs.url())
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    sockets = set()
    for _ in range(3):
        connection.request("GET", f"{parts.path}/studies?limit=1")
        connection.getresponse().read()
        sockets.add(id(connection.sock))
    connection.close()
    assert len(sockets) == 1


def test_pixel_data_is_a_reference(
    fleet: Fleet, pacs: SimulatedPacs, session: requests.Session
) -> None:
    study = fleet.studies("north", fleet.start, fleet.end)[0]
    root = pacs.url("north")
    metadata = get(session, f"{root}/studies/{study.study_uid}/metadata")
    assert metadata[0]["7FE00010"]["BulkDataURI"].startswith(f"{root}/studies/")
    assert all("InlineBinary" not in i.get("7FE00010", {}) for i in metadata)


def test_dicomweb_client_reads_it(fleet: Fleet, pacs: SimulatedPacs) -> None:
    client = DICOMwebClient(pacs.url())
    found = client.search_for_studies(
        search_filters={"StudyDate": "20260210"}, fields=["StudyDescription"], limit=5
    )
    assert len(found) == 5
    uid = uid_of(found[0])
    study = fleet.study(uid)
    assert study is not None
    assert client.search_for_series(study_instance_uid=uid)
    metadata = client.retrieve_study_metadata(uid)
    assert len(metadata) == sum(scan.instances for scan in fleet.scans(study))
    client._session.close()


def test_basic_and_bearer() -> None:
    fleet = Fleet(studies=5)
    with (
        SimulatedPacs(fleet, username="reader", password="s3cret", token="t0ken") as pacs,
        requests.Session() as session,
    ):
        session.trust_env = False
        url = f"{pacs.url()}/studies"
        refused = session.get(url)
        assert refused.status_code == 401
        assert "Basic" in refused.headers["WWW-Authenticate"]
        assert session.get(url, headers={"Authorization": "Bearer t0ken"}).status_code == 200
        assert session.get(url, headers={"Authorization": "Bearer other"}).status_code == 401
        assert session.get(url, auth=("reader", "s3cret")).status_code == 200
        assert session.get(url, auth=("reader", "secret")).status_code == 401


class FaultyPacs(SimulatedPacs):
    """Answers 503 once, then tears one connection, then behaves."""

    asked = 0

    def respond(self, request: Request) -> Answer:
        self.asked += 1
        if self.asked == 1:
            return Answer(503, headers={"Retry-After": "1"})
        return super().respond(request)

    def send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if self.asked == 2:
            handler.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[")
            handler.close_connection = True
            return
        super().send(handler, answer)


def test_a_subclass_can_alter_any_answer() -> None:
    with FaultyPacs(Fleet(studies=5)) as pacs, requests.Session() as session:
        session.trust_env = False
        url = f"{pacs.url()}/studies"
        first = session.get(url)
        assert (first.status_code, first.headers["Retry-After"]) == (503, "1")
        with pytest.raises(requests.RequestException):
            session.get(url)
        assert len(session.get(url).json()) == 5


def test_leaving_ends_the_service_though_a_client_is_connected() -> None:
    with requests.Session() as session:
        session.trust_env = False
        with SimulatedPacs(Fleet(studies=5)) as pacs:
            url = f"{pacs.url()}/studies"
            assert session.get(url).status_code == 200
        with pytest.raises(requests.ConnectionError):
            session.get(url)


def test_nothing_is_logged(
    pacs: SimulatedPacs, session: requests.Session, capfd: pytest.CaptureFixture[str]
) -> None:
    session.get(f"{pacs.url()}/studies?PatientID=N1")
    assert capfd.readouterr() == ("", "")


def test_serving_keeps_nothing_of_a_study() -> None:
    fleet = Fleet(seed=5, studies=120)
    pacs = SimulatedPacs(fleet)
    studies = fleet.studies(None, fleet.start, fleet.end)
    path = urlsplit(pacs.url()).path

    def serve(some: tuple[Study, ...]) -> int:
        requests_ = (Request(f"{path}/studies/{one.study_uid}/metadata", "", {}) for one in some)
        return max(len(pacs.respond(request).body) for request in requests_)

    serve(studies[:60])
    tracemalloc.start()
    largest = serve(studies[60:])
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    pacs._server.close()
    assert kept < largest
    assert peak < 8 * largest

"""Every fault against the whole landing over HTTP: the right studies land, nothing hangs or leaks.

The server stands on loopback and is the simulator with one fault; no Orthanc is needed.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.completeness import certificate, describe_shortfall
from protocol_assets.ingest.landing import land_partition
from protocol_assets.ingest.partition_status import dead_letters
from protocol_assets.ingest.series import flatten_partition
from protocol_assets.lake.manifest import Manifest
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.settings.pacs import MAX_WAIT_S
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.probe import probe
from protocol_assets.sources.errors import PacsError
from protocol_assets.sources.rate_limit.pacing import STUDIES_THAT_SLOW, RateLimits
from protocol_assets.sources.rate_limit.store import SharedRateLimit, resume
from protocol_assets_simulator import Answer, Request
from tests.integration.fault_kinds import Fault
from tests.integration.fault_server import (
    COUNTS,
    DAY,
    SOP_UID,
    FaultyPacs,
    Spoil,
    body,
    drop,
    each,
    listed,
    listing,
    read,
    rewritten,
    victims,
)
from tests.integration.faults import FAULTS
from tests.integration.listing_faults import LISTING_FAULTS
from tests.unit.ingest.fake_pacs import in_one_thread

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
PARTITION = Partition(DAY, "main")
DEADLINE_S = 15.0
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"

Series = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyPacs]:
    with FaultyPacs() as one:
        yield one


@pytest.fixture
def pacs(server: FaultyPacs) -> Iterator[FaultyPacs]:
    server.requests.clear()
    server.seen = 0
    server.released.clear()
    yield server
    server.fault = None
    server.released.set()


def client(
    pacs: FaultyPacs,
    lake: Lake,
    now: Callable[[], float] = time.time,
    max_wait_s: float = MAX_WAIT_S,
    **options: Any,
) -> PacsClient:
    rate_limits = RateLimits(requests_per_second=1000, max_wait_s=max_wait_s)
    limits = {"request_timeout_s": 0.5, "deadline_s": 2.0}
    endpoint = Endpoint("main", pacs.url(), rate_limits=rate_limits, **{**limits, **options})
    rate_limit = SharedRateLimit(lake, "main", rate_limits, endpoint.workers, now=now)
    return PacsClient(endpoint, rate_limit=rate_limit, sleep=lambda _: None)


def land(pacs: FaultyPacs, lake: Lake, **options: Any) -> Manifest:
    with client(pacs, lake, **options) as one:
        return land_partition(one, lake, PARTITION, PSEUDONYMS)


def series(lake: Lake, manifest: Manifest) -> Series:
    found: Series = defaultdict(list)
    for row in flatten_partition(MR, lake, manifest).table.to_pylist():
        found[row["StudyInstanceUID"]].append(row)
    return found


@pytest.fixture(scope="module")
def truth(server: FaultyPacs, tmp_path_factory: pytest.TempPathFactory) -> Series:
    lake = Lake(tmp_path_factory.mktemp("truth"))
    return series(lake, land(server, lake))


@pytest.fixture(scope="module")
def identifiers(server: FaultyPacs) -> set[str]:
    """Names, IDs, dates of birth and UIDs of everybody on the server."""
    found: set[str] = set()
    for study in server.fleet.studies(None, DAY, DAY):
        found.add(study.study_uid)
        with PacsClient(Endpoint("main", server.url())) as one:
            for row in one.study_metadata(study.study_uid)[:1]:
                found.add(row["00100010"]["Value"][0]["Alphabetic"])
                found |= {row[tag]["Value"][0] for tag in ("00100020", "00100030")}
    return found


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_ends_well(
    fault: Fault,
    pacs: FaultyPacs,
    truth: Series,
    identifiers: set[str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    lake = Lake(tmp_path)
    pacs.fault = fault.spoil
    began = time.monotonic()
    told: list[str] = []
    outcome = fault.outcome
    if outcome.refused:
        with pytest.raises(PacsError) as caught:
            land(pacs, lake, **fault.options)
        error = caught.value
        assert (error.kind, error.__cause__, error.__context__) == (outcome.refused, None, None)
        assert not list(lake.local_path(lake.raw(PARTITION)).glob("*.zst"))
        told += [str(error), repr(error)]
    else:
        manifest = land(pacs, lake, **fault.options)
        check(manifest, lake, fault, pacs.victim, truth)
        told += [
            json.dumps(certificate(manifest)),
            lake.local_path(lake.load_page("main")).read_text(),
        ]
    assert time.monotonic() - began < DEADLINE_S
    told += [record.getMessage() + str(record.exc_text or "") for record in caplog.records]
    told += [str(letter) for letter in dead_letters(lake)]
    assert not [one for one in identifiers for line in told if one in line]


def check(manifest: Manifest, lake: Lake, fault: Fault, victim: str, truth: Series) -> None:
    outcome = fault.outcome
    states = {entry.study_instance_uid: entry for entry in manifest.studies}
    assert {uid for uid in truth if uid != victim} == {
        uid for uid, entry in states.items() if uid != victim and entry.state == "landed"
    }
    if outcome.victim == "absent":
        assert victim not in states
    else:
        assert (states[victim].state, states[victim].error) == (outcome.victim, outcome.error)
    assert (manifest.rejected, len(manifest.others)) == (outcome.rejected, outcome.others)
    is_whole = outcome.victim in ("landed", "gone") or bool(outcome.others)
    assert manifest.is_complete is (is_whole and not outcome.rejected)
    assert bool(describe_shortfall(manifest)) is not manifest.is_complete
    assert [letter.kind for letter in dead_letters(lake)] == (
        [outcome.error] if outcome.error else []
    )
    found = series(lake, manifest)
    for uid, rows in truth.items():
        if uid != victim or (outcome.victim == "landed" and outcome.same_rows):
            assert found[uid] == rows
        elif outcome.victim == "landed":
            assert len(found[uid]) == len(rows)
        else:
            assert uid not in found


@pytest.mark.parametrize("fault", LISTING_FAULTS, ids=lambda fault: fault.name)
def test_the_probe_fails_where_a_landing_would(
    fault: Fault, pacs: FaultyPacs, tmp_path: Path
) -> None:
    pacs.fault = fault.spoil
    with client(pacs, Lake(tmp_path), **fault.options) as one:
        report = probe(one)
    failed = {finding.item for finding in report.findings if finding.verdict == "fail"}
    assert bool(failed) is bool(fault.outcome.refused or fault.outcome.rejected), report.findings


@pytest.mark.parametrize(
    "name",
    ["404, still listed", "HTML login page with 200", "a foreign StudyInstanceUID", "206"],
)
def test_the_probe_fails_where_no_study_would_land(
    name: str, pacs: FaultyPacs, tmp_path: Path
) -> None:
    fault = next(one for one in FAULTS if one.name == name)

    def spoil(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
        study = re.search(r"/studies/([^/]+)/", request.path)
        pacs.victim = study[1] if study else pacs.victim
        return fault.spoil(pacs, request, answer)

    victim, pacs.fault = pacs.victim, spoil
    try:
        with client(pacs, Lake(tmp_path)) as one:
            failed = {one.item for one in probe(one).findings if one.verdict == "fail"}
        assert "retrieval" in failed
        assert land(pacs, Lake(tmp_path)).count("landed") == 0
    finally:
        pacs.victim = victim


def test_what_cannot_be_named_makes_the_day_incomplete(pacs: FaultyPacs, tmp_path: Path) -> None:
    def nameless(pacs: FaultyPacs, request: Request, answer: Answer) -> Answer:
        plain = listed(drop(*COUNTS))(pacs, request, answer)
        if pacs.victim not in request.path or not request.path.endswith("/metadata"):
            return plain
        rows = read(plain)
        rows[0].pop(SOP_UID)
        return rewritten(plain, rows)

    pacs.fault = nameless
    with client(pacs, Lake(tmp_path)) as one:
        series = one.search_series(pacs.victim).series
    pacs.fault = lambda pacs, request, answer: nameless(
        pacs, request, each(drop("00201209"))(answer) if "/series" in request.path else answer
    )
    manifest = land(pacs, Lake(tmp_path))
    assert (manifest.count("landed"), manifest.instances_rejected) == (6, 1)
    assert not manifest.is_complete
    assert "1 instance of landed studies" in describe_shortfall(manifest)
    assert series


def test_an_https_url_on_a_plain_port_is_named(pacs: FaultyPacs, tmp_path: Path) -> None:
    url = pacs.url().replace("http:", "https:")
    with pytest.raises(PacsError) as caught:
        land_at(url, Lake(tmp_path))
    assert caught.value.kind == "plain_http"
    assert "speaks plain HTTP" in str(caught.value)


@pytest.mark.parametrize("path", ["", "/dicom-web/studies", "/dicomweb"])
def test_a_path_that_is_missing_or_wrong_is_named_and_found(
    pacs: FaultyPacs, tmp_path: Path, path: str
) -> None:
    url = pacs.url().replace("/dicom-web", path)
    with pytest.raises(PacsError) as caught:
        land_at(url, Lake(tmp_path))
    assert caught.value.kind == "not_found"
    with PacsClient(Endpoint("main", url)) as one:
        found = {finding.item: finding.sentence for finding in probe(one).findings}
    assert "/dicom-web" in found["url"]


def land_at(url: str, lake: Lake) -> Manifest:
    with PacsClient(Endpoint("main", url), sleep=lambda _: None) as one:
        return land_partition(one, lake, PARTITION, PSEUDONYMS)


def test_once_the_fault_is_over_the_rest_lands(
    pacs: FaultyPacs, truth: Series, tmp_path: Path
) -> None:
    lake = Lake(tmp_path)
    pacs.fault = next(one.spoil for one in FAULTS if one.name == "500 for ever")
    assert land(pacs, lake).count("landed") == 5
    pacs.fault = None
    pacs.requests.clear()
    manifest = land(pacs, lake)
    assert manifest.is_complete
    assert manifest.fetched == 1
    fetched = [one.path for one in pacs.requests if one.path.endswith("/metadata")]
    assert len(fetched) == 1
    assert pacs.victim in fetched[0]
    assert series(lake, manifest) == truth
    assert dead_letters(lake) == []


def test_the_waits_that_a_server_asks_for_are_kept(pacs: FaultyPacs, tmp_path: Path) -> None:
    slept: list[float] = []
    # No time passes, however busy the machine: what is left of the wait is all of it.
    moment = time.time()
    pacs.fault = next(one.spoil for one in FAULTS if one.name == "429, Retry-After as seconds")
    with client(pacs, Lake(tmp_path), now=lambda: moment, deadline_s=30.0) as one:
        one._session._sleep = slept.append
        assert land_partition(one, Lake(tmp_path), PARTITION, PSEUDONYMS).is_complete
    assert max(slept) == pytest.approx(1.0, abs=0.2)


def test_operations_tells_of_every_fault() -> None:
    words = OPERATIONS.read_text(encoding="utf-8")
    assert [fault.name for fault in FAULTS if f"| {fault.name} |" not in words] == []


def asks_for_a_day(status: int) -> Spoil:
    return victims(body(b"", status, Retry_After="86400"))


@pytest.mark.parametrize("status", [429, 503])
def test_a_study_that_is_to_wait_for_a_day_delays_nothing_else(
    status: int, pacs: FaultyPacs, truth: Series, tmp_path: Path
) -> None:
    lake = Lake(tmp_path)
    moment = [time.time()]
    pacs.fault = asks_for_a_day(status)
    manifest = land(pacs, lake, now=lambda: moment[0])
    assert manifest.count("landed") == 5
    (waiting,) = manifest.dead_letters
    assert (waiting.study_instance_uid, waiting.error) == (pacs.victim, "waiting")
    said = describe_shortfall(manifest)
    assert "of 1 study the PACS asked for no requests about a study for a while" in said
    now = dt.datetime.fromtimestamp(moment[0], dt.UTC)
    (letter,) = dead_letters(lake, now)
    assert letter.waits_until == (now + dt.timedelta(minutes=15)).isoformat(timespec="seconds")

    pacs.fault = None
    pacs.requests.clear()
    moment[0] += 14 * 60
    assert land(pacs, lake, now=lambda: moment[0]).count("landed") == 5
    assert not [one for one in pacs.requests if pacs.victim in one.path], "it is left alone"
    moment[0] += 61
    manifest = land(pacs, lake, now=lambda: moment[0])
    assert manifest.is_complete
    assert series(lake, manifest) == truth


@pytest.mark.parametrize("end", ["resume", "insist", "set the clock back", "set the clock forward"])
def test_the_waiting_of_a_study_ends(end: str, pacs: FaultyPacs, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    pacs.fault = asks_for_a_day(429)
    assert land(pacs, lake).count("landed") == 5
    pacs.fault = None
    days = {"set the clock back": -40, "set the clock forward": 40}.get(end, 0)
    if end == "resume":
        resume(lake, "main")
    elif end == "insist":
        SharedRateLimit(lake, "main", RateLimits(), 2).insist()
    assert land(pacs, lake, now=lambda: time.time() + days * 86_400).is_complete


def test_a_bound_of_its_own(pacs: FaultyPacs, tmp_path: Path) -> None:
    lake, moment = Lake(tmp_path), time.time()
    pacs.fault = asks_for_a_day(429)
    land(pacs, lake, now=lambda: moment, max_wait_s=400.0)
    assert not land(pacs, lake, now=lambda: moment + 300, max_wait_s=400.0).is_complete
    pacs.fault = None
    assert land(pacs, lake, now=lambda: moment + 401, max_wait_s=400.0).is_complete


def test_a_pacs_that_asks_for_a_day_when_it_is_listed_is_left_alone(
    pacs: FaultyPacs, tmp_path: Path
) -> None:
    lake, moment = Lake(tmp_path), time.time()
    pacs.fault = listing(lambda *_: Answer(429, b"", {"Retry-After": "86400"}))
    for _ in range(2):
        with pytest.raises(PacsError) as caught:
            land(pacs, lake, now=lambda: moment)
        assert caught.value.kind in ("busy", "held")
    assert "asked for no requests until" in str(caught.value)
    assert len(pacs.requests) == 1
    pacs.fault = None
    assert land(pacs, lake, now=lambda: moment + 901).is_complete


def test_a_pacs_that_refuses_one_study_after_the_other_is_left_alone(
    pacs: FaultyPacs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_one_thread(monkeypatch)
    lake = Lake(tmp_path)
    pacs.fault = lambda _, request, answer: (
        Answer(429, b"", {"Retry-After": "3600"}) if "/metadata" in request.path else answer
    )
    manifest = land(pacs, lake, workers=1)
    by_error = Counter(entry.error for entry in manifest.studies if entry.state == "failed")
    assert by_error == {"waiting": STUDIES_THAT_SLOW, "held": 6 - STUDIES_THAT_SLOW}
    assert len(manifest.dead_letters) == STUDIES_THAT_SLOW, "what was not asked is no dead letter"


def test_the_load_page_tells_what_was_asked(pacs: FaultyPacs, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    manifest = land(pacs, lake)
    assert (
        f"<td>{manifest.requests}<td>0<td>" in lake.local_path(lake.load_page("main")).read_text()
    )

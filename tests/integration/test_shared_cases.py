"""The servers of the shared cases, landed and probed through the real path over HTTP.

The cases stand beside the project, where they are handed out with it; elsewhere these are skipped.
"""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.ingest.completeness import certificate, describe_shortfall
from protocol_assets.ingest.landing import land_partition
from protocol_assets.ingest.series import flatten_partition
from protocol_assets.lake.manifest import Manifest
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.probe import ProbeReport, probe
from protocol_assets.sources.rate_limit.pacing import RateLimits

CASES = Path(__file__).parents[3] / "shared" / "cases"
PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)
DAY = dt.date(2026, 3, 2)

pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="the shared cases are not beside the project"
)


@contextmanager
def serving(script: str, *files: str) -> Iterator[str]:
    """The URL of a case's server."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    command = [sys.executable, "-B", script, str(port), *files]
    with subprocess.Popen(command, cwd=CASES, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith("ready")
            yield f"http://127.0.0.1:{port}/dicom-web"
        finally:
            server.terminate()


def land(url: str, lake: Lake, day: dt.date = DAY) -> tuple[Manifest, ProbeReport]:
    endpoint = Endpoint("main", url, rate_limits=RateLimits(requests_per_second=1000))
    with PacsClient(endpoint, sleep=lambda _: None) as client:
        manifest = land_partition(client, lake, Partition(day, "main"), PSEUDONYMS)
        return manifest, probe(client)


@pytest.mark.parametrize("name", ["s01", "s03", "s05", "s13", "s17"])
def test_a_usable_server_is_used(name: str, tmp_path: Path) -> None:
    (script,) = CASES.glob(f"{name}_*.py")
    with serving(script.name) as url:
        manifest, report = land(url, Lake(tmp_path))
    assert (manifest.expected, manifest.count("landed")) == (3, 3)
    assert manifest.is_complete
    assert report.verdict != "fail", report.findings
    assert flatten_partition(MR, Lake(tmp_path), manifest).table.num_rows == 3


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("s08", "other_study", "of 3 studies the PACS gives instances of another study"),
        ("s09", "not_json", "of 3 studies the PACS answered with something that is not DICOM JSON"),
    ],
)
def test_an_unusable_server_is_named(name: str, kind: str, words: str, tmp_path: Path) -> None:
    (script,) = CASES.glob(f"{name}_*.py")
    with serving(script.name) as url:
        manifest, report = land(url, Lake(tmp_path))
    assert (manifest.expected, manifest.count("landed")) == (3, 0)
    assert {entry.error for entry in manifest.studies} == {kind}
    assert words in describe_shortfall(manifest)
    assert "retrieval" in {one.item for one in report.findings if one.verdict == "fail"}


@pytest.mark.parametrize(
    ("name", "day", "check"),
    [
        (
            "c05_duplicate_sop_uids",
            dt.date(2026, 3, 7),
            lambda found: (found["instances_landed"], found["instances_duplicate"]) == (12, 4),
        ),
        (
            "c24_series_uid_invalid",
            dt.date(2026, 3, 26),
            lambda found: (found["instances_landed"], found["instances_rejected"]) == (12, 0),
        ),
    ],
)
def test_a_study_with_odd_uids_lands(
    name: str, day: dt.date, check: Callable[[dict[str, int]], bool], tmp_path: Path
) -> None:
    with serving("server.py", f"{name}.ndjson") as url:
        manifest, report = land(url, Lake(tmp_path), day)
    assert manifest.is_complete
    assert check(dict(certificate(manifest)))
    assert report.verdict != "fail", report.findings

"""Peak memory from raw to facts for 400 studies of about 70,000 instances in one partition."""

from __future__ import annotations

import dataclasses
import datetime as dt
import resource
import tempfile
import time
from pathlib import Path

from protocol_assets.deidentify.keys import DEMO_KEY, Pseudonyms
from protocol_assets.dicom.json_text import encode_instance
from protocol_assets.ingest.stages import Stages
from protocol_assets.ingest.versions import partition_versions
from protocol_assets.lake.manifest import Manifest, StudyEntry, write_manifest
from protocol_assets.lake.raw import Stamp, write_study
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.reconcile import content_hash
from protocol_assets_simulator import Fleet
from protocol_assets_simulator.encode import encode

STUDIES = 400
INSTANCES_A_SERIES = 26


def main() -> None:
    """Land the day on disk, then flatten and de-identify it; print time and peak memory."""
    pseudonyms = Pseudonyms.from_secret(DEMO_KEY, demo=True)
    day = dt.date(2026, 2, 2)
    fleet = Fleet(studies=STUDIES, scanners=63, start=day, end=day)
    partition = Partition(day, "north")
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        lake.prepare()
        instances = _land(fleet, lake, partition, pseudonyms)
        stages = Stages(MR, lake, pseudonyms, _no_client, lambda *_: None)
        start = time.perf_counter()
        for stage in (stages.flatten, stages.project):
            refused = stage([partition]).refused
            if refused:
                raise SystemExit(str(refused))
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{STUDIES} studies, {instances} instances: raw to facts in {seconds:.1f} s")
    print(f"peak memory {peak:.0f} MiB (gates included)")


def _land(fleet: Fleet, lake: Lake, partition: Partition, pseudonyms: Pseudonyms) -> int:
    entries = []
    for study in fleet.studies(None, fleet.start, fleet.end):
        scans = [
            dataclasses.replace(scan, slices=INSTANCES_A_SERIES) for scan in fleet.scans(study)
        ]
        content = [one for scan in scans for one in encode(scan)]
        name = pseudonyms.of("study", study.study_uid)
        lines = [encode_instance(one) for one in content]
        digest = content_hash(lines)
        stamp = Stamp("", digest, None, len(content))
        write_study(lake.storage.objects, lake.study(partition, name), lines, stamp)
        entries.append(
            StudyEntry(
                name=name,
                study_instance_uid=study.study_uid,
                state="landed",
                has_data=True,
                fingerprint="",
                content_hash=digest,
                expected=len(content),
                instances=len(content),
                tries=0,
                error="",
            )
        )
    versions = partition_versions(MR, pseudonyms)
    write_manifest(lake, Manifest(partition, "", "", versions, tuple(entries)))
    return sum(entry.instances for entry in entries)


def _no_client(_name: str) -> PacsClient:
    raise AssertionError("nothing is asked of a PACS here")


if __name__ == "__main__":
    main()

"""Finds the accession number behind a pseudonym: restricted, and logged."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from protocol_assets.deidentify.keys import PATIENT_DOMAINS, Pseudonyms
from protocol_assets.deidentify.policy import fact_columns
from protocol_assets.faults import Fault
from protocol_assets.lake.parquet import has_part, read_part
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.registry import modality_of

__all__ = ["Resolved", "resolve"]

_KEY: Final = re.compile(r"[A-Z2-7]{26}")


@dataclass(frozen=True, slots=True)
class Resolved:
    """One study behind a pseudonym.

    Attributes:
        partition: Study day and PACS.
        accession_number: None if the header has none, or the identifiers were purged.
        study_instance_uid: The study.
    """

    partition: Partition
    accession_number: str | None
    study_instance_uid: str


def resolve(
    lake: Lake, pseudonyms: Pseudonyms, key: str, *, reason: str, now: dt.datetime
) -> list[Resolved]:
    """The studies behind a patient, study, series, exam or acquisition key.

    The log is written before anything is shown.

    Raises:
        Fault: It is not a key, or no reason is given.
    """
    if not _KEY.fullmatch(key):
        raise Fault("a key has 26 characters A to Z and 2 to 7, as the facts and marts show it")
    if not reason.strip():
        raise Fault("say why with --reason; it is kept in the access log")
    found = [
        one
        for partition in lake.landed_partitions()
        for one in _in_partition(lake, partition, pseudonyms, key)
    ]
    _log(lake, key, reason, len(found), now)
    return found


def _in_partition(
    lake: Lake, partition: Partition, pseudonyms: Pseudonyms, key: str
) -> Iterator[Resolved]:
    if not all(has_part(lake, key) for key in (lake.facts(partition), lake.series(partition))):
        return
    studies = _studies_with(read_part(lake, lake.facts(partition)), key)
    if not studies:
        return
    series = read_part(lake, lake.series(partition)).select(["StudyInstanceUID", "AccessionNumber"])
    rows = {row["StudyInstanceUID"]: row["AccessionNumber"] for row in series.to_pylist()}
    for uid, accession in sorted(rows.items()):
        if pseudonyms.of("study", uid) in studies:
            yield Resolved(partition, accession, uid)


def _studies_with(facts: pa.Table, key: str) -> set[str]:
    names = [
        one.name
        for one in fact_columns(modality_of("series").facts_columns)
        if one.action == "key" and one.argument in PATIENT_DOMAINS
    ]
    is_hit = pa.array([False] * facts.num_rows)
    for name in names:
        is_hit = pc.or_(is_hit, pc.fill_null(pc.equal(facts[name], key), False))
    return set(facts.filter(is_hit)["study_key"].to_pylist())


def _log(lake: Lake, key: str, reason: str, studies: int, now: dt.datetime) -> None:
    entry = {
        "at": now.isoformat(timespec="seconds"),
        "user": getpass.getuser(),
        "key": key,
        "reason": reason,
        "studies": studies,
    }
    lake.storage.logs.append(lake.access_log, json.dumps(entry).encode())

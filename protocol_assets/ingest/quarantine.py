"""Odd objects of a partition, each judged on its own, so that none of them costs a whole day.

An object that cannot be placed is left out of the facts; one that can is kept with a note. Either
way it is named by its keyed hash and by the rule, and counted for its scanner. The rules are the
vocabulary ``quarantine_rule`` of ``terms.csv``; ``docs/kpis.md`` says what each of them means.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import terms
from protocol_assets.dicom.dates import is_sentinel
from protocol_assets.lake.zones import Partition

__all__ = [
    "CANNOT_BE_DESCRIBED",
    "CANNOT_BE_FLATTENED",
    "INSTANCES_MISSING",
    "QUARANTINE_SCHEMA",
    "RAW_UNREADABLE",
    "STUDY_OF_ANOTHER_DAY",
    "LeftOut",
    "OddObject",
    "is_of_another_day",
    "left_out",
    "noted",
    "quarantine_table",
]

# Left out of the facts.
RAW_UNREADABLE: Final = "raw_unreadable"
INSTANCES_MISSING: Final = "instances_missing"
STUDY_OF_ANOTHER_DAY: Final = "study_of_another_day"
CANNOT_BE_FLATTENED: Final = "cannot_be_flattened"
CANNOT_BE_DESCRIBED: Final = "cannot_be_described"
# Kept with a note.
_SERIES_OF_ANOTHER_DAY: Final = "series_of_another_day"
_SERIES_IN_TWO_STUDIES: Final = "series_in_two_studies"

QUARANTINE_SCHEMA: Final = pa.schema(
    [
        pa.field("study_date", pa.date32()),
        pa.field("pacs", pa.string()),
        pa.field("patient_key", pa.string()),
        pa.field("study_key", pa.string()),
        pa.field("series_key", pa.string()),
        pa.field("device_key", pa.string()),
        pa.field("vendor", pa.string()),
        pa.field("rule", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("is_left_out", pa.bool_()),
        pa.field("n_instances", pa.int64()),
    ]
)
"""One row per odd object of a partition; ``series_key`` is NULL where it is no single series."""


@dataclass(frozen=True, slots=True)
class OddObject:
    """One odd object.

    Attributes:
        row: Its row of ``series``, with the derived columns as far as they are known.
        rule: Term of ``quarantine_rule``.
        is_left_out: Whether it is missing from the facts.
        detail: Place in the code where the rule applied; empty if that says nothing.
    """

    row: Mapping[str, Any]
    rule: str
    is_left_out: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How much of a partition is missing from the facts.

    Attributes:
        studies: Studies of which at least one object is left out.
        series: Objects left out.
        instances: Instances of these.
        rules: Objects by rule.
    """

    studies: int = 0
    series: int = 0
    instances: int = 0
    rules: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_damage(self) -> bool:
        """Whether something that landed is damaged and has to be landed again."""
        return any(rule in self.rules for rule in (RAW_UNREADABLE, INSTANCES_MISSING))

    @property
    def words(self) -> str:
        """What is left out, in words that identify nobody."""
        rules = ", ".join(f"{rule} ({count})" for rule, count in sorted(self.rules.items()))
        studies = "1 study" if self.studies == 1 else f"{self.studies} studies"
        instances = "1 instance" if self.instances == 1 else f"{self.instances} instances"
        return f"{instances} of {studies} left out: {rules}"


def is_of_another_day(days: Iterable[dt.date | None], day: dt.date) -> bool:
    """Whether a study belongs to another day than the one it was listed for.

    It does if its series have dates and none of them is the listed one; a placeholder is not a
    date. A single series may have another date, as reconstructions and captures do, or none: then
    the listing decides.

    Args:
        days: StudyDate of each series; None if it has none.
        day: The study day of the partition.
    """
    stated = {one for one in days if one is not None and not is_sentinel(one)}
    return bool(stated) and day not in stated


def noted(rows: Sequence[Mapping[str, Any]], day: dt.date) -> list[OddObject]:
    """What is odd about rows that are kept.

    Args:
        rows: Rows of ``series`` that the facts will hold.
        day: The study day of the partition.
    """
    copies = Counter(row["SeriesInstanceUID"] for row in rows)
    return [
        OddObject(row, rule, is_left_out=False)
        for row in rows
        for rule, applies in (
            (_SERIES_OF_ANOTHER_DAY, row["StudyDate"] != day),
            (_SERIES_IN_TWO_STUDIES, copies[row["SeriesInstanceUID"]] > 1),
        )
        if applies
    ]


def quarantine_table(
    odd: Iterable[OddObject],
    described: Sequence[Mapping[str, Any]],
    pseudonyms: Pseudonyms,
    partition: Partition,
) -> pa.Table:
    """The odd objects of a partition under their pseudonyms.

    Args:
        odd: What was found.
        described: The described series that are kept: an object without a scanner is counted for
            the one scanner of its study.
        pseudonyms: The keyed pseudonyms.
        partition: Study day and PACS.
    """
    scanners = _scanners(described)
    rows = [_row(one, scanners, pseudonyms, partition) for one in odd]
    rows.sort(key=lambda row: [str(value) for value in row.values()])
    return pa.Table.from_pylist(rows, schema=QUARANTINE_SCHEMA)


def left_out(quarantine: pa.Table) -> LeftOut:
    """What is missing from the facts according to a partition's quarantine."""
    rows = [row for row in quarantine.to_pylist() if row["is_left_out"]]
    return LeftOut(
        studies=len({row["study_key"] for row in rows}),
        series=len(rows),
        instances=sum(row["n_instances"] or 0 for row in rows),
        rules=dict(Counter(row["rule"] for row in rows)),
    )


_Scanner = tuple[str | None, str | None]


def _scanners(described: Sequence[Mapping[str, Any]]) -> dict[str | None, _Scanner]:
    """Device and vendor by study, if all its series agree."""
    found: dict[str | None, set[_Scanner]] = {}
    for row in described:
        found.setdefault(row["StudyInstanceUID"], set()).add((row["device_id"], row["vendor"]))
    return {study: next(iter(own)) for study, own in found.items() if len(own) == 1}


def _row(
    one: OddObject,
    scanners: Mapping[str | None, _Scanner],
    pseudonyms: Pseudonyms,
    partition: Partition,
) -> dict[str, Any]:
    row = one.row
    study, series = row.get("StudyInstanceUID"), row.get("SeriesInstanceUID")
    device, vendor = row.get("device_id"), row.get("vendor")
    if device is None:
        device, vendor = scanners.get(study, (None, vendor))
    return {
        "study_date": partition.day,
        "pacs": partition.pacs,
        "patient_key": pseudonyms.column("patient", [row.get("patient_id")])[0],
        "study_key": pseudonyms.column("study", [study])[0],
        "series_key": pseudonyms.column("series", [series])[0],
        "device_key": pseudonyms.column("device", [device])[0],
        "vendor": vendor if vendor in terms("vendor") else None,
        "rule": one.rule,
        "detail": one.detail or None,
        "is_left_out": one.is_left_out,
        "n_instances": row.get("NumberOfSeriesRelatedInstances"),
    }

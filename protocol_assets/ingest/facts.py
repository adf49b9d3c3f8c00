"""The facts stage: a partition's series described by the protocol rules and de-identified."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from protocol_assets.deidentify.impossible import impossible_table
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.labels import register_texts
from protocol_assets.deidentify.projection import Projection, project
from protocol_assets.ingest.describing import describe_series
from protocol_assets.ingest.quarantine import (
    CANNOT_BE_DESCRIBED,
    OddObject,
    noted,
    quarantine_table,
)
from protocol_assets.ingest.retention.retained_identifiers import kept_pseudonyms, with_kept_keys
from protocol_assets.lake.zones import Partition
from protocol_assets.modalities.shared.identity import read_identities
from protocol_assets.modalities.shared.impossible import (
    impossible_values,
    unreadable_values,
    without_impossible,
)
from protocol_assets.modalities.spec import Modality

__all__ = ["PartitionFacts", "describe_and_project"]


@dataclass(frozen=True, slots=True)
class PartitionFacts:
    """The results of one partition for the safe zone and for the restricted label registry.

    Attributes:
        projection: The facts.
        impossible: ``IMPOSSIBLE_SCHEMA``: values that became NULL, by scanner.
        quarantine: ``QUARANTINE_SCHEMA``: objects left out, or kept with a note.
        registry: The texts seen.
    """

    projection: Projection
    impossible: pa.Table
    quarantine: pa.Table
    registry: pa.Table


def describe_and_project(
    modality: Modality,
    series: pa.Table,
    partition: Partition,
    pseudonyms: Pseudonyms,
    zone: dt.tzinfo | None = None,
) -> PartitionFacts:
    """Describe each series, then pass on what the policy allows.

    The study day is the one for which the PACS lists the study: the rules and the facts use it
    instead of StudyDate (0008,0020), which may differ in single series.

    Args:
        modality: Whose rules and policy apply.
        series: The partition's ``series``.
        partition: Study day and PACS.
        pseudonyms: The keyed pseudonyms.
        zone: Time zone of the PACS's scanners; None if unknown.
    """
    rows = [with_kept_keys(row) for row in series.to_pylist()]
    kept = [row for row in rows if row["quarantine_rule"] is None]
    odd = [
        _left_out_before(modality, row, zone) for row in rows if row["quarantine_rule"] is not None
    ]
    of_the_day = [row | {"StudyDate": partition.day} for row in kept]
    found = describe_series(modality, of_the_day, zone)
    odd += [
        OddObject(kept[index], CANNOT_BE_DESCRIBED, is_left_out=True, detail=fault)
        for index, fault in found.faults.items()
    ]
    odd += noted(
        [row for index, row in enumerate(kept) if index not in found.faults], partition.day
    )
    described = [without_impossible(row) for row in found.known]
    pseudonyms = pseudonyms.keeping(kept_pseudonyms(described))
    projection = project(described, modality.facts_columns, pseudonyms, partition.pacs)
    impossible = [
        (row, column, reason)
        for row, stated in zip(described, found.known, strict=True)
        for column, reason in (*impossible_values(stated), *unreadable_values(stated))
    ]
    impossible += [
        (row, column, reason)
        for row, who in zip(described, read_identities(found.known), strict=True)
        for column, reason in who.problems
    ]
    impossible += [
        (described[place], column, "out_of_vocabulary")
        for place, column in projection.unknown_terms
    ]
    return PartitionFacts(
        projection=projection,
        impossible=impossible_table(impossible, pseudonyms, partition.day, partition.pacs),
        quarantine=quarantine_table(odd, described, pseudonyms, partition),
        registry=register_texts(described, pseudonyms),
    )


def _left_out_before(
    modality: Modality, row: Mapping[str, Any], zone: dt.tzinfo | None
) -> OddObject:
    """A row that flattening has left out, with its scanner if that can be described."""
    known = describe_series(modality, [row], zone).rows[0] or row
    detail = row["quarantine_detail"] or ""
    return OddObject(known, row["quarantine_rule"], is_left_out=True, detail=detail)

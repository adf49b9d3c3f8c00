"""Replaces patients' pseudonyms that were made of issuer and Patient ID by those of today.

A rebuild gives the facts their new keys if the identifiers still exist. Data without identifiers
(pseudonyms in ``series``, facts whose ``series`` is gone, the ledger of publications) are changed
here, so that no patient counts as two, and none in the ledger looks like a different patient.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.dicom.placeholders import is_placeholder
from protocol_assets.ingest.landing import partition_lock
from protocol_assets.lake.compaction import opened
from protocol_assets.lake.key_record import using_key
from protocol_assets.lake.parquet import has_part, part_versions, read_part, write_part
from protocol_assets.lake.turns import report_turn
from protocol_assets.lake.zones import Lake, Partition
from protocol_assets.modalities.shared.identity import patient_identifier
from protocol_assets.modalities.shared.joining import joined
from protocol_assets.publishing.ledger_files import open_ledger

__all__ = ["rename_patients"]


def rename_patients(lake: Lake, pseudonyms: Pseudonyms) -> int:
    """Rename patients who are also stored with their identifiers.

    Patients whose identifiers were purged everywhere keep the one key that they have.

    Returns:
        Parts that changed; none if it was done before.
    """
    with report_turn(lake), using_key(lake, pseudonyms.key_id):
        return _rename_all(lake, _names(lake, pseudonyms))


def _rename_all(lake: Lake, names: Mapping[str, str]) -> int:
    changed = 0
    for partition in lake.landed_partitions() if names else ():
        with lake.storage.locks.exclusive(
            partition_lock(partition), wait=True, what=f"partition {partition.key}"
        ):
            if has_part(lake, lake.series(partition)):
                changed += _rename(
                    lake, partition, lake.series(partition), "kept_patient_key", names
                )
            else:
                changed += _rename(lake, partition, lake.facts(partition), "patient_key", names)
    return changed + _rename_in_ledger(lake, names)


def _names(lake: Lake, pseudonyms: Pseudonyms) -> dict[str, str]:
    """Pseudonym of issuer and Patient ID, to that of the Patient ID."""
    names = {}
    for partition in lake.landed_partitions():
        if not has_part(lake, lake.series(partition)):
            continue
        table = read_part(lake, lake.series(partition)).select(["PatientID", "IssuerOfPatientID"])
        columns = (column.to_pylist() for column in table.columns)
        for patient, issuer in set(zip(*columns, strict=True)):
            if patient and issuer and not is_placeholder("PatientID", patient):
                before = pseudonyms.of("patient", joined(issuer.strip(), patient.strip()))
                names[before] = pseudonyms.of("patient", patient_identifier(patient.strip()))
    return names


def _rename_in_ledger(lake: Lake, names: Mapping[str, str]) -> int:
    """Rename the patients in the ledger of publications, in all tables or in none."""
    changed = 0
    with open_ledger(lake) as ledger:
        for name in ledger.names:
            table = ledger.read(name)
            renamed = None if table is None else _renamed(table, "patient_key", names)
            if renamed is not None:
                ledger.put(name, renamed, ledger.versions(name))
                changed += 1
        ledger.commit()
    return changed


def _rename(
    lake: Lake, partition: Partition, key: str, column: str, names: Mapping[str, str]
) -> int:
    """Rewrite a part with the new names; 1 if it has changed, else 0."""
    renamed = _renamed(read_part(lake, key), column, names) if has_part(lake, key) else None
    if renamed is None:
        return 0
    with opened(lake, [partition]):
        write_part(lake, key, renamed, versions=part_versions(lake, key))
    return 1


def _renamed(table: pa.Table, column: str, names: Mapping[str, str]) -> pa.Table | None:
    """The table with the new names; None if it has none that changes."""
    place = table.schema.get_field_index(column)
    before = table[column].to_pylist() if place >= 0 else []
    after = [names.get(key, key) for key in before]
    if after == before:
        return None
    return table.set_column(place, table.schema.field(place), [pa.array(after, pa.string())])

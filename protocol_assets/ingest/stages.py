"""The three stations over several cells: each cell passes or is refused on its own.

A refused cell keeps its last good data, is named with its reason, and does not hold up the others.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from protocol_assets.deidentify.impossible import IMPOSSIBLE_SCHEMA
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import facts_schema
from protocol_assets.faults import Fault, described_fault
from protocol_assets.ingest.attempts import record_refusal, settle_attempt
from protocol_assets.ingest.completeness import (
    COMPLETENESS_SCHEMA,
    certificate,
    completeness_row,
    refused_row,
)
from protocol_assets.ingest.facts import describe_and_project
from protocol_assets.ingest.gate import judge
from protocol_assets.ingest.landing import cell_lock, land_cell
from protocol_assets.ingest.overview import coverage_overview, odd_overview, role_overview
from protocol_assets.ingest.placement import finish_placements, place_facts
from protocol_assets.ingest.quarantine import QUARANTINE_SCHEMA, left_out
from protocol_assets.ingest.series import IsExcluded, flatten_cell, is_left_out
from protocol_assets.ingest.versions import cell_versions, code_versions
from protocol_assets.lake.key_record import OtherKeyError, using_key
from protocol_assets.lake.manifest import Manifest, read_manifest
from protocol_assets.lake.parquet import read_part, write_part, write_schema_part
from protocol_assets.lake.zones import RESTRICTED_FILE, Cell, Lake
from protocol_assets.quality.suites import SuiteResult
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.storage.files import move
from protocol_assets.storage.locks import exclusive

__all__ = ["StationResult", "Stations", "write_schemas"]

CellMetadata = Mapping[str, Any]
"""Counts of one cell and an ``overview`` in markdown: nothing identifying."""


@dataclass
class StationResult:
    """What one station made of several cells.

    Attributes:
        passed: Counts by cell that passed.
        refused: Why, by refused cell.
        suite: The suite's result where the station has one.
    """

    passed: dict[Cell, CellMetadata] = field(default_factory=dict)
    refused: dict[Cell, str] = field(default_factory=dict)
    suite: SuiteResult | None = None


def write_schemas(lake: Lake) -> None:
    """Put a part without rows into each data set of the facts, so that dbt finds every column.

    Also in a home of an earlier version, whose facts lack a data set of today.
    """
    schemas = {
        "series": facts_schema(),
        "completeness": COMPLETENESS_SCHEMA,
        "impossible": IMPOSSIBLE_SCHEMA,
        "quarantine": QUARANTINE_SCHEMA,
    }
    for name, schema in schemas.items():
        write_schema_part(lake.safe / "facts" / name, schema)


@dataclass(frozen=True)
class Stations:
    """The stations of one deployment.

    Attributes:
        lake: The lake.
        pseudonyms: The keyed pseudonyms.
        client_for: Opens the client of a PACS by its name.
        tell: Told of progress in plain words: cell, studies done, studies listed.
        zone_of: The time zone of the scanners of a PACS; None where unknown.
        is_excluded: The do-not-process list.
    """

    lake: Lake
    pseudonyms: Pseudonyms
    client_for: Callable[[str], PacsClient]
    tell: Callable[[Cell, int, int], None]
    zone_of: Callable[[str], dt.tzinfo | None] = lambda _: None
    is_excluded: IsExcluded = lambda _patient, _issuer: False
    _flattened: dict[Cell, str] = field(default_factory=dict, init=False, repr=False)

    def land(self, cells: Iterable[Cell], *, force: bool = False) -> StationResult:
        """``raw_dicomweb``: land each cell and put its counts into the safe zone."""
        write_schemas(self.lake)

        def land_one(cell: Cell) -> CellMetadata:
            with self._working_on([cell]), self.client_for(cell.pacs) as client:
                manifest = land_cell(
                    client,
                    self.lake,
                    cell,
                    self.pseudonyms,
                    force=force,
                    progress=lambda done, listed: self.tell(cell, done, listed),
                    is_excluded=lambda lines: is_left_out(lines, self.is_excluded),
                )
                self._write_completeness(cell, completeness_row(manifest, "missing"))
            return certificate(manifest)

        result = _each(cells, land_one)
        for cell in result.refused:
            with suppress(OtherKeyError), self._working_on([cell]):
                # What landed before stays, and so does what is known of it.
                if self._manifest(cell) is None:
                    self._write_completeness(cell, refused_row(cell))
        return result

    @contextmanager
    def _working_on(self, cells: Iterable[Cell]) -> Iterator[None]:
        """Within, no other run changes these cells or the key; waits for those that do.

        Everybody takes the cells in the same order, so that no two wait for each other.
        """
        with ExitStack() as stack:
            stack.enter_context(using_key(self.lake, self.pseudonyms.key_id))
            for cell in sorted(set(cells)):
                lock = exclusive(cell_lock(self.lake, cell), wait=True, what=f"cell {cell.key}")
                stack.enter_context(lock)
            yield

    def flatten(self, cells: Iterable[Cell]) -> StationResult:
        """``series``: flatten each cell into a candidate, judge them, move the good ones."""
        return self._gated("series", "series_mr", cells, self._flatten_one, self._commit_series)

    def project(self, cells: Iterable[Cell]) -> StationResult:
        """``series_facts``: describe and de-identify each cell, judge, move the good ones."""
        write_schemas(self.lake)
        return self._gated(
            "series_facts", "series_facts_mr", cells, self._project_one, self._commit_facts
        )

    def _gated(
        self,
        data_set: str,
        suite: str,
        cells: Iterable[Cell],
        make: Callable[[Cell], CellMetadata],
        place: Callable[[Cell], None],
    ) -> StationResult:
        cells = list(cells)
        with self._working_on(cells):
            finish_placements(self.lake, cells)  # before new candidates take the place of theirs
            return self._judged(data_set, suite, _each(cells, make), place)

    def _judged(
        self, data_set: str, suite: str, result: StationResult, place: Callable[[Cell], None]
    ) -> StationResult:
        verdict = judge(self.lake, data_set, suite, list(result.passed))
        result.suite = verdict.result
        for cell, reason in verdict.refused.items():
            del result.passed[cell]
            result.refused[cell] = reason
        for cell, reason in result.refused.items():
            self._record_refused(cell, reason)
        for cell in result.passed:
            place(cell)
        return result

    def _record_refused(self, cell: Cell, reason: str) -> None:
        """A refused cell is not complete, and says why until its facts are stored."""
        record_refusal(self.lake, cell, reason, code_versions())
        manifest = self._manifest(cell)
        if manifest is not None:
            self._write_completeness(cell, completeness_row(manifest, "refused"))

    def _manifest(self, cell: Cell) -> Manifest | None:
        try:
            return read_manifest(self.lake, cell)
        except Fault:
            return None  # damaged: what was landed is not known

    def _write_completeness(self, cell: Cell, row: pa.Table) -> None:
        path = self.lake.completeness(cell)
        write_part(path, row, versions=cell_versions(self.pseudonyms))

    def _flatten_one(self, cell: Cell) -> CellMetadata:
        manifest = read_manifest(self.lake, cell)
        if manifest is None:
            raise Fault(f"cell {cell.key} has not landed; materialize raw_dicomweb first")
        if manifest.purged and not self.lake.series(cell).exists():
            raise Fault(f"raw and series of cell {cell.key} were purged; its facts stay")
        self._flattened[cell] = _content_of(manifest)
        series = flatten_cell(self.lake, manifest, self.is_excluded)
        self._write_candidate("series", cell, series.table)
        return {
            "series": series.table.num_rows,
            "instances": series.instances,
            "series_left_out": series.left_out,
            "dirty_values": series.dirty.total(),
            "dirty_by_column": dict(series.dirty),
            "overview": coverage_overview(series.table),
        }

    def _commit_series(self, cell: Cell) -> None:
        move(self.lake.candidate("series", cell), self.lake.series(cell), mode=RESTRICTED_FILE)

    def _project_one(self, cell: Cell) -> CellMetadata:
        source = self.lake.series(cell)
        if not source.exists():
            raise Fault(f"cell {cell.key} has no series; materialize series first")
        zone = self.zone_of(cell.pacs)
        facts = describe_and_project(read_part(source), cell, self.pseudonyms, zone)
        table = facts.projection.facts
        self._write_candidate("series_facts", cell, table)
        self._write_candidate("labels", cell, facts.registry)
        self._write_candidate("impossible", cell, facts.impossible)
        self._write_candidate("quarantine", cell, facts.quarantine)
        lost = left_out(facts.quarantine)
        return {
            "series": table.num_rows,
            "counted_series": table["exclusion_reason"].null_count,
            "studies_left_out": lost.studies,
            "instances_left_out": lost.instances,
            "left_out_by_rule": dict(lost.rules),
            "odd_objects": odd_overview(facts.quarantine),
            "refused_values": facts.projection.refused.total(),
            "refused_by_column": dict(facts.projection.refused),
            "impossible_values": sum(facts.impossible["n_values"].to_pylist()),
            "overview": role_overview(table),
        }

    def _commit_facts(self, cell: Cell) -> None:
        manifest = self._manifest(cell)
        lost = left_out(read_part(self.lake.candidate("quarantine", cell)))
        # Where another run has landed more since, the facts of that are still to come.
        is_current = manifest is not None and self._is_of_what_landed(manifest)
        if manifest is not None and is_current:
            row = completeness_row(manifest, "stored", lost)
            self._write_candidate("completeness", cell, row)
        place_facts(self.lake, cell, has_counts=is_current)
        record_refusal(self.lake, cell, "", {})
        if manifest is not None and is_current and manifest.is_complete and not lost.is_damage:
            settle_attempt(self.lake, cell, manifest.fingerprint)

    def _is_of_what_landed(self, manifest: Manifest) -> bool:
        content = _content_of(manifest)
        return self._flattened.get(manifest.cell, content) == content

    def _write_candidate(self, data_set: str, cell: Cell, table: pa.Table) -> None:
        path: Path = self.lake.candidate(data_set, cell)
        write_part(path, table, versions=cell_versions(self.pseudonyms), mode=RESTRICTED_FILE)


def _content_of(manifest: Manifest) -> str:
    """A digest of what has landed, whenever and however often it was asked for."""
    lines = (f"{one.name}|{one.has_data}|{one.content_hash}" for one in manifest.studies)
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _each(cells: Iterable[Cell], work: Callable[[Cell], CellMetadata]) -> StationResult:
    """Work on cell after cell; one that fails is refused with a reason that identifies nobody."""
    result = StationResult()
    for cell in cells:
        try:
            result.passed[cell] = work(cell)
        except Exception as error:
            result.refused[cell] = described_fault(error)
    return result

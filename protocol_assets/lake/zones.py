"""Zones and keys: where each data set of each partition is stored, and who may read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol_assets.faults import Fault
from protocol_assets.lake.permissions import (
    PRIVATE,
    PUBLIC,
    ZoneModes,
    home_problems,
    tighten_zone,
    zone_problems,
)
from protocol_assets.storage.deployment import Storage
from protocol_assets.storage.files import OPEN_FILE, RESTRICTED_FILE, make_directory
from protocol_assets.storage.posix import open_posix_storage

__all__ = [
    "DATA_SETS",
    "OPEN_FILE",
    "RESTRICTED_FILE",
    "STUDY_ENDING",
    "Grid",
    "Lake",
    "Partition",
]

DATA_SETS: Final = (
    "restricted/series",
    "restricted/labels",
    "safe/facts/series",
    "safe/facts/completeness",
    "safe/facts/impossible",
    "safe/facts/quarantine",
)
"""Prefixes of the data sets that have a part per partition."""

STUDY_ENDING: Final = ".ndjson.zst"
_DAY: Final = "study_date="
_PACS: Final = "pacs="
_PARTITION: Final = f"{_DAY}*/{_PACS}*"


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """One study day of one PACS."""

    day: dt.date
    pacs: str

    @property
    def key(self) -> str:
        """Dagster's key of the multi-partition (dimensions in alphabetical order)."""
        return f"{self.day.isoformat()}|{self.pacs}"

    @classmethod
    def from_key(cls, key: str) -> Partition:
        """The partition of a partition key as ``key`` writes it."""
        day, pacs = key.split("|", 1)
        return cls(dt.date.fromisoformat(day), pacs)

    @property
    def month(self) -> dt.date:
        """First day of its month."""
        return self.day.replace(day=1)

    @property
    def prefix(self) -> str:
        """Prefix of the partition below that of a data set."""
        return f"study_date={self.day.isoformat()}/pacs={self.pacs}"

    @classmethod
    def of_prefix(cls, prefix: str) -> Partition:
        """The partition of a prefix that ends as ``prefix`` does."""
        *_, day, pacs = prefix.split("/")
        return cls(dt.date.fromisoformat(day.removeprefix(_DAY)), pacs.removeprefix(_PACS))


@dataclass(frozen=True, slots=True)
class Grid:
    """The partitions that a deployment retrieves.

    Attributes:
        pacs: Names of the configured PACS.
        first: First study day.
        last: Last study day that has ended.
    """

    pacs: frozenset[str]
    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True)
class Lake:
    """The home directory of one deployment.

    ``restricted/`` identifies patients, ``safe/`` is de-identified, ``publish/`` holds aggregates.
    What returns a ``str`` is a key of ``storage``. What returns a path is a local file that another
    program opens.
    """

    home: Path

    @property
    def storage(self) -> Storage:
        """Objects, locks, shared states and logs; they are files below ``home``."""
        return open_posix_storage(self.home)

    @property
    def restricted(self) -> Path:
        """Data that identify patients: raw answers, series, the label registry."""
        return self.home / "restricted"

    @property
    def safe(self) -> Path:
        """De-identified facts and the warehouse."""
        return self.home / "safe"

    @property
    def publish(self) -> Path:
        """Aggregates and reports that may be shown outside."""
        return self.home / "publish"

    @property
    def governance(self) -> Path:
        """Files that the hospital edits."""
        return self.home / "governance"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance."""
        return self.home / "dagster"

    @property
    def dbt(self) -> Path:
        """The log and artifacts of dbt, which may quote facts."""
        return self.home / "dbt"

    @property
    def demo_marker(self) -> Path:
        """The file that makes this home a demo's, where the demo's key works."""
        return self.home / "demo.marker"

    def has(self, key: str) -> bool:
        """Whether there is such an object."""
        return self.storage.objects.exists(key)

    def local_path(self, key: str) -> Path:
        """The file of an object, for messages and for programs that open it; POSIX only."""
        return self.home / key

    def prepare(self) -> None:
        """Create the zones with their permissions, and tighten those that exist.

        Raises:
            Fault: Another user owns the home, a zone or a file in it, or could replace one of them;
                or a link leads out of a zone.
        """
        for problem in home_problems(self.home):
            raise Fault(problem)
        for zone, modes in self._zones.items():
            make_directory(zone, modes.directory)
            tighten_zone(zone, modes)
        for problem in self.problems():
            raise Fault(problem)

    def problems(self) -> Iterator[str]:
        """The problems of home and zones: one line each, with what to do."""
        yield from home_problems(self.home)
        for zone, modes in self._zones.items():
            yield from zone_problems(zone, modes)

    @property
    def _zones(self) -> dict[Path, ZoneModes]:
        # The public zone first, so that others can pass through a home that is created with it.
        closed = (self.restricted, self.safe, self.governance, self.dagster_home, self.dbt)
        return {self.publish: PUBLIC} | dict.fromkeys(closed, PRIVATE)

    def raw(self, partition: Partition) -> str:
        """Prefix of a partition's studies and manifest."""
        return f"restricted/raw/{partition.prefix}"

    def manifest(self, partition: Partition) -> str:
        """The partition's manifest: the commit mark of its landing."""
        return f"{self.raw(partition)}/manifest.json"

    def study(self, partition: Partition, name: str) -> str:
        """The raw answers about one study, by its keyed name."""
        return f"{self.raw(partition)}/{name}{STUDY_ENDING}"

    def studies(self, partition: Partition) -> list[str]:
        """Keys of all stored studies of a partition, sorted."""
        return self.storage.objects.list_keys(f"{self.raw(partition)}/*{STUDY_ENDING}")

    def series(self, partition: Partition) -> str:
        """The partition's ``series`` part."""
        return f"restricted/series/{partition.prefix}/part.parquet"

    def label_registry(self, partition: Partition) -> str:
        """The protocol texts of the partition, by patient key."""
        return f"restricted/labels/{partition.prefix}/part.parquet"

    def month_part(self, data_set: str, month: dt.date) -> str:
        """The part of a compacted month, for a prefix among ``DATA_SETS``."""
        return f"{data_set}/month={month:%Y-%m}/part.parquet"

    def candidate(self, data_set: str, partition: Partition) -> str:
        """A part that waits for its gate."""
        return f"restricted/candidates/{data_set}/{partition.prefix}/part.parquet"

    def candidates(self, partition: Partition) -> list[str]:
        """All parts of a partition that wait for a gate, or that a gate refused."""
        return self.storage.objects.list_keys(self.candidate("*", partition))

    def facts(self, partition: Partition) -> str:
        """The partition's de-identified facts."""
        return f"safe/facts/series/{partition.prefix}/part.parquet"

    def completeness(self, partition: Partition) -> str:
        """The partition's counts: studies and instances listed and landed."""
        return f"safe/facts/completeness/{partition.prefix}/part.parquet"

    def impossible(self, partition: Partition) -> str:
        """The partition's impossible values, counted by scanner, attribute and reason."""
        return f"safe/facts/impossible/{partition.prefix}/part.parquet"

    def quarantine(self, partition: Partition) -> str:
        """Unusual objects of the partition: left out of the facts or only noted, by rule."""
        return f"safe/facts/quarantine/{partition.prefix}/part.parquet"

    @property
    def key_record(self) -> str:
        """The identifier of the key that the lake's pseudonyms were made with."""
        return "restricted/key_id"

    @property
    def deletions(self) -> str:
        """Prefix of the records of purges: what was deleted, with counts and digests."""
        return "restricted/deletions"

    @property
    def access_log(self) -> str:
        """The log of accesses: who resolved a pseudonym to a patient, when and why."""
        return "restricted/access.log"

    @property
    def labels(self) -> str:
        """The readable labels that passed their gates."""
        return "safe/labels/protocol_labels.parquet"

    def reference(self, name: str) -> str:
        """A reference table: a vocabulary, or a validated governance file."""
        return f"safe/reference/{name}.parquet"

    def analysis(self, name: str) -> str:
        """A table of the analysis."""
        return f"safe/analysis/{name}.parquet"

    @property
    def warehouse(self) -> Path:
        """The warehouse that readers open."""
        return self.safe / "warehouse.duckdb"

    @property
    def warehouse_building(self) -> Path:
        """The warehouse that dbt writes."""
        return self.safe / "warehouse.building.duckdb"

    @property
    def reading_copy(self) -> Path:
        """The marts as tables of their own, read-only, for BI tools."""
        return self.safe / "reading" / "warehouse.duckdb"

    @property
    def publications(self) -> str:
        """Prefix of the ledger of publications: what was published, and about which patients."""
        return "safe/publications"

    @property
    def deliveries(self) -> str:
        """Prefix of the records of what was sent, so that nothing is sent twice."""
        return "safe/deliveries"

    @property
    def marts(self) -> Path:
        """The published marts: a link to the newest version."""
        return self.publish / "marts"

    def report(self, day: dt.date | None) -> str:
        """Prefix of one day's report; None for the report of a home without a complete day."""
        return f"publish/reports/{day.isoformat() if day else 'none'}"

    def pacs(self, name: str) -> str:
        """Prefix of what is stored about one PACS: measured profile, rate limit, pause."""
        return f"restricted/pacs/{name}"

    def load_page(self, pacs: str) -> str:
        """The requests to one PACS in the last days, for its administrator."""
        return f"publish/pacs/{pacs}.html"

    def landed_partitions(self) -> list[Partition]:
        """Partitions that have a manifest, in order of day and PACS."""
        return self._partitions_of_keys("manifest.json")

    def tried_partitions(self) -> list[Partition]:
        """Partitions that were tried, whether or not they landed, in order of day and PACS."""
        return self._partitions_of_keys("*.json")

    def _partitions_of_keys(self, name: str) -> list[Partition]:
        keys = self.storage.objects.list_keys(f"restricted/raw/{_PARTITION}/{name}")
        return sorted({Partition.of_prefix(key.rpartition("/")[0]) for key in keys})

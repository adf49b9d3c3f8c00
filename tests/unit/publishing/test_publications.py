"""An attacker who keeps every publication: the warehouse's own SQL, then the decisions."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pyarrow as pa
import pytest

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.lake.zones import Grid, Lake
from protocol_assets.publishing.disclosure import (
    Person,
    Rows,
    UnitKey,
    decide,
    patients_in,
)
from protocol_assets.publishing.ledger_files import open_ledger
from protocol_assets.publishing.publications import _units_today, settle
from protocol_assets.publishing.settled import read_settled

DBT = Path(__file__).parents[3] / "dbt_project"
MONTH = dt.date(2026, 1, 1)
SEEDS = 15
EXAMS = ("exams", "exams")
Units = Mapping[UnitKey, Rows]


def rendered(model: str) -> str:
    """A model's SQL as dbt would compile it, on tables of the same names."""
    macros = "".join(
        (DBT / "macros" / f"{name}.sql").read_text() for name in ("contribution", "publishable")
    )
    text = (DBT / "models" / "mr" / "intermediate" / f"{model}.sql").read_text()
    environment = jinja2.Environment(autoescape=False)
    return environment.from_string(macros + text).render(
        ref=lambda name: name, var=lambda _name: K_PATIENTS, config=lambda **_: ""
    )


CELLS, MEMBERS = rendered("int_nex_publication_cells"), rendered("int_publication_members")


@dataclass
class Hospital:
    """A month of a few scanners, with late arrivals, deletions and relabelled protocols."""

    rng: random.Random
    acquisitions: list[dict[str, Any]] = field(default_factory=list)
    patients: int = 0

    def scan(self, number: int, scanners: int, protocols: int, *, spread: float) -> None:
        for _ in range(number):
            self.patients += 1
            scanner = min(int(self.rng.expovariate(spread)), scanners - 1)
            day = MONTH + dt.timedelta(days=self.rng.randrange(31))
            known = self.rng.random() > 0.03
            for protocol in self.rng.sample(range(protocols), self.rng.randint(1, protocols)):
                self.acquisitions.append(
                    {
                        "study_date": day,
                        "device_key": f"d{scanner}" if self.rng.random() > 0.01 else None,
                        "protocol_key": f"p{protocol}",
                        "patient_key": f"patient{self.patients}" if known else None,
                        "study_key": f"study{self.patients}",
                        "is_nex_eligible": True,
                        "nex": 1.0,
                        "effective_averages": 1.0,
                        "scan_time_s": 60.0,
                    }
                )

    def lose(self, number: int) -> None:
        studies = sorted({row["study_key"] for row in self.acquisitions})
        gone = set(self.rng.sample(studies, min(number, len(studies))))
        self.acquisitions = [row for row in self.acquisitions if row["study_key"] not in gone]

    def relabel(self, number: int) -> None:
        studies = sorted({row["study_key"] for row in self.acquisitions})
        moved = set(self.rng.sample(studies, min(number, len(studies))))
        for row in self.acquisitions:
            if row["study_key"] in moved and row["protocol_key"] == "p0":
                row["protocol_key"] = "p1"

    def units(self) -> Units:
        exams = {
            (row["study_key"], row["device_key"]): {
                "study_date": row["study_date"],
                "device_key": row["device_key"],
                "patient_key": row["patient_key"],
                "exam_key": row["study_key"],
                "n_acquisitions": 1,
                "exam_span_s": 900.0,
                "scan_time_sum_s": 600.0,
                "gap_time_s": 300.0,
            }
            for row in self.acquisitions
        }
        days = {row["study_date"] for row in self.acquisitions}
        dates = [{"study_date": d, "month_start": MONTH, "is_closed_month": True} for d in days]
        with duckdb.connect() as connection:
            for name, rows in (
                ("dim_date", dates),
                ("fct_acquisition", self.acquisitions),
                ("fct_exam", list(exams.values())),
            ):
                connection.register(f"{name}_rows", pa.Table.from_pylist(rows))
                connection.execute(f"create table {name} as from {name}_rows")
            connection.execute("create schema intermediate")
            connection.execute(f"create table int_nex_publication_cells as {CELLS}")
            connection.execute(f"create table intermediate.int_publication_members as {MEMBERS}")
            return _units_today(connection)


def published_by(now: Units, before: Units) -> Units:
    decisions = decide(now, before, lambda _: True)
    return {
        key: now[key] if decision == "publish" else before[key]
        for key, decision in decisions.items()
        if decision != "withhold"
    }


@cache
def history(seed: int) -> list[Units]:
    """What was published, time after time."""
    rng = random.Random(seed)
    hospital = Hospital(rng)
    size, scanners, protocols = rng.randint(40, 160), rng.randint(1, 4), rng.randint(1, 5)
    hospital.scan(size, scanners, protocols, spread=rng.choice((0.5, 1.0, 2.0)))
    states: list[Units] = [published_by(hospital.units(), {})]
    for _ in range(6):
        change = rng.choice(("late", "late", "lost", "relabelled", "all"))
        if change in ("late", "all"):
            hospital.scan(rng.choice((1, 3, 8, 15, 40)), scanners, protocols, spread=1.0)
        if change in ("lost", "all"):
            hospital.lose(rng.choice((1, 4, 14)))
        if change in ("relabelled", "all"):
            hospital.relabel(rng.choice((2, 13, 30)))
        states.append(published_by(hospital.units(), states[-1]))
    return states


def totals(rows: Iterator[Mapping[str, Person]]) -> dict[str, tuple[bool, int]]:
    found: defaultdict[str, tuple[bool, int]] = defaultdict(lambda: (False, 0))
    for row in rows:
        for member, one in row.items():
            found[member] = (one.is_patient, found[member][1] + one.units)
    return found


def told_of(
    one: Iterator[Mapping[str, Person]], other: Iterator[Mapping[str, Person]]
) -> int | None:
    """Known patients behind the difference of two sums; None where the sums are the same."""
    ours, theirs = totals(one), totals(other)
    differing = [
        member
        for member in ours.keys() | theirs.keys()
        if ours.get(member, (False, 0))[1] != theirs.get(member, (False, 0))[1]
    ]
    if not differing:
        return None
    return sum((ours.get(one) or theirs[one])[0] for one in differing)


def attacks(states: list[Units], rng: random.Random) -> Iterator[int | None]:
    """Every difference that whoever keeps all publications can take."""
    versions: defaultdict[UnitKey, list[Rows]] = defaultdict(list)
    for state in states:
        for key, rows in state.items():
            if rows not in versions[key]:
                versions[key].append(rows)
    for found in versions.values():
        for one, other in combinations(found, 2):
            yield from between_versions(one, other)
    for measure in ("acquisitions", "exams"):
        for state in states:
            yield fleet_less_scanners(state, measure)
        for _ in range(200):
            mixed = {key: rng.choice(found) for key, found in versions.items()}
            yield fleet_less_scanners(mixed, measure)


def between_versions(one: Rows, other: Rows) -> Iterator[int | None]:
    """Row by row, and every sum of rows."""
    yield told_of(iter([one.get(EXAMS, {})]), iter([other.get(EXAMS, {})]))
    names = sorted((one.keys() | other) - {EXAMS})
    for size in range(1, len(names) + 1):
        for chosen in combinations(names, size):
            yield told_of(
                (one.get(name, {}) for name in chosen), (other.get(name, {}) for name in chosen)
            )


def fleet_less_scanners(state: Units, measure: str) -> int | None:
    def of(is_fleet: bool) -> Iterator[Mapping[str, Person]]:
        return (
            persons
            for key, rows in state.items()
            if is_fleet == (not key.device_key)
            for (of, _), persons in rows.items()
            if of == measure
        )

    if not any(of(True)) or not any(of(False)):
        return None
    return told_of(of(True), of(False))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_difference_tells_of_fewer_than_eleven(seed: int) -> None:
    states = history(seed)
    for state in states:
        for rows in state.values():
            assert all(patients_in(persons) >= K_PATIENTS for persons in rows.values())
    for told in attacks(states, random.Random(seed)):
        assert told is None or told >= K_PATIENTS


def test_the_histories_hold_corrections_and_periods_kept() -> None:
    corrected = kept = 0
    for seed in range(SEEDS):
        for before, after in pairwise(history(seed)):
            for key in before.keys() & after:
                corrected += before[key] != after[key]
                kept += before[key] == after[key]
    assert corrected > 10
    assert kept > 100


def test_the_attacker_would_succeed_on_what_is_published_anew_each_time() -> None:
    found = []
    for seed in range(SEEDS):
        rng = random.Random(seed)
        hospital = Hospital(rng)
        hospital.scan(80, 3, 3, spread=1.0)
        states = [hospital.units()]
        hospital.scan(3, 3, 3, spread=1.0)
        states.append(hospital.units())
        found += [told for told in attacks(states, rng) if told is not None]
    assert min(found) < K_PATIENTS


def unit(members: Mapping[str, int]) -> Rows:
    return {
        ("acquisitions", "p"): {
            name: Person(is_patient=True, units=units, content=str(units))
            for name, units in members.items()
        }
    }


def people(number: int, units: int = 1, *, first: int = 0) -> dict[str, int]:
    return {f"p{n}": units for n in range(first, first + number)}


SCANNER = UnitKey(MONTH, "d1")


@pytest.mark.parametrize(
    ("now", "before", "decision"),
    [
        (people(11), None, "publish"),
        (people(10), None, "withhold"),
        (people(25), people(15), "keep"),
        (people(26), people(15), "publish"),
        (people(15, 2), people(15), "publish"),
        (None, people(15), "keep"),
        (people(10), people(30), "keep"),
    ],
)
def test_a_period_is_published_once(
    now: dict[str, int] | None, before: dict[str, int] | None, decision: str
) -> None:
    units = [{SCANNER: unit(one)} if one else {} for one in (now, before)]
    assert decide(units[0], units[1], lambda _: True)[SCANNER] == decision


def test_what_is_not_whole_waits() -> None:
    assert decide({SCANNER: unit(people(30))}, {}, lambda _: False) == {SCANNER: "withhold"}


def test_the_next_smallest_scanner_waits_where_the_fleet_would_tell_of_few() -> None:
    day, other = UnitKey(MONTH), UnitKey(MONTH, "d2")
    now = {day: unit(people(44)), SCANNER: unit(people(25)), other: unit(people(15, first=25))}
    assert decide(now, {}, lambda _: True) == {
        day: "publish",
        SCANNER: "publish",
        other: "withhold",
    }


def warehouse(patients: int, label: str, nex: float) -> duckdb.DuckDBPyConnection:
    """A warehouse with one scanner's closed month and the fleet's first day."""
    connection = duckdb.connect()
    connection.execute(
        f"""
        create schema marts; create schema published; create schema intermediate;
        create table marts.dim_scanner as
            select 'd1' as device_key, '{label}' as scanner_label, 'North' as site;
        create table published.completeness_daily as
            select date '2026-01-02' as study_date, 'main' as pacs, true as is_settled;
        create table published.fleet_daily as
            select date '2026-01-02' as study_date, false as is_suppressed, {patients} as patients;
        create table published.nex_monthly as
            select date '2026-01-01' as month_start, '{label}' as scanner_label, 'North' as site,
                   'p' as protocol_key, {patients} as patients, {nex} as nex_mean;
        create table published.exam_monthly as
            select date '2026-01-01' as month_start, '{label}' as scanner_label, 'North' as site,
                   {patients} as patients, {patients} as exams;
        create table intermediate.int_publication_members as
            select name as publication, period, device_key, row_key, 'patient' || n as member_key,
                   true as is_patient, 1 as units, '{nex}' as content
            from range({patients}) as persons(n), (values
                ('fleet_daily', date '2026-01-02', null, 'acquisitions'),
                ('fleet_daily', date '2026-01-02', null, 'exams'),
                ('nex_monthly', date '2026-01-01', 'd1', 'p'),
                ('exam_monthly', date '2026-01-01', 'd1', 'exams')
            ) as tables(name, period, device_key, row_key);
        """
    )
    return connection


def grid(*pacs: str) -> Grid:
    """A grid of one day."""
    return Grid(frozenset(pacs), dt.date(2026, 1, 2), dt.date(2026, 1, 2))


def publish(lake: Lake, patients: int, label: str = "MR 1", nex: float = 1.0) -> list[Any]:
    with warehouse(patients, label, nex) as connection, open_ledger(lake) as ledger:
        done = settle(ledger, connection, read_settled(lake, connection, grid("main")))
        ledger.commit()
    (fleet,) = done.tables["fleet_daily"].to_pylist()
    assert done.least_patients is None or done.least_patients >= K_PATIENTS
    month = done.tables["nex_monthly"].to_pylist()
    assert len(month) == done.tables["exam_monthly"].num_rows
    shown = [(row["scanner_label"], row["patients"], row["nex_mean"]) for row in month]
    return [fleet["patients"], *shown]


def test_what_was_published_stays_but_for_its_name(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert publish(lake, 8) == [None]
    assert publish(lake, 20) == [20, ("MR 1", 20, 1.0)]
    assert publish(lake, 24) == [20, ("MR 1", 20, 1.0)]
    assert publish(lake, 24, "MR East") == [20, ("MR East", 20, 1.0)]
    assert publish(lake, 31, "MR East") == [31, ("MR East", 31, 1.0)]
    assert publish(lake, 31, "MR East", nex=2.0) == [31, ("MR East", 31, 2.0)]


def test_a_day_that_has_not_landed_whole_waits(tmp_path: Path) -> None:
    with warehouse(20, "MR 1", 1.0) as connection:
        lake = Lake(tmp_path)
        both = read_settled(lake, connection, grid("main", "other"))
        with open_ledger(lake) as ledger:
            done = settle(ledger, connection, both)
    assert done.tables["nex_monthly"].num_rows == 0
    assert done.tables["fleet_daily"].to_pylist() == [
        {"study_date": dt.date(2026, 1, 2), "is_suppressed": True, "patients": None}
    ]

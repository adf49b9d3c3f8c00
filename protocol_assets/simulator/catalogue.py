"""The fleet's fixed facts: sites, scanners, protocols, exams, texts and names.

They are the data files `simulator_*.csv`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from io import StringIO


@dataclass(frozen=True, slots=True)
class Site:
    """A hospital: one PACS of the simulated network."""

    name: str
    institution: str
    address: str
    department: str
    issuer: str
    patient_id_format: str
    staff_language: str


@dataclass(frozen=True, slots=True)
class Scanner:
    """One MR scanner. `encoding` is `classic` or `enhanced`; `averaging` is `over` or `lean`."""

    vendor: str
    manufacturer: str
    model: str
    field_strength_t: float
    larmor_mhz: float
    software: tuple[str, ...]
    encoding: str
    site: Site
    language: str
    text_style: str
    averaging: str
    station: str
    serial: str
    coils: dict[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol in physical terms; `kind` selects the formula of its time, `nex` is lean."""

    name: str
    role: str
    anatomy: str
    kind: str
    plane: str
    tr_ms: float
    te_ms: float
    ti_ms: float | None
    flip_deg: float
    echo_train: int
    matrix_frequency: int
    matrix_phase: int
    partitions: int | None
    fov_mm: float
    slice_thickness_mm: float
    slice_gap_mm: float
    slices: int
    bandwidth_hz: float
    phase_direction: str
    fat_suppression: str
    b_value: int | None
    nex: float
    follows_device: bool


@dataclass(frozen=True, slots=True)
class ExamStep:
    """One protocol of an exam, with the probability that the technologist runs it."""

    protocol: Protocol
    probability: float
    after_contrast: bool


@dataclass(frozen=True, slots=True)
class Exam:
    """A kind of exam: what is ordered and which protocols it is made of."""

    name: str
    share: float
    anatomy: str
    body_part: str
    wrong_body_part: str
    procedure_code: str
    coil: str
    steps: tuple[ExamStep, ...]


def _rows(name: str) -> Iterator[dict[str, str]]:
    path = files("protocol_assets").joinpath("data", f"simulator_{name}.csv")
    yield from csv.DictReader(StringIO(path.read_text(encoding="utf-8")))


@cache
def sites() -> dict[str, Site]:
    """The sites by name, in file order."""
    return {row["site"]: Site(*row.values()) for row in _rows("sites")}


@cache
def scanners() -> tuple[Scanner, ...]:
    """The described scanners, in file order; a larger fleet repeats them under new serials."""
    return tuple(
        Scanner(
            vendor=row["vendor"],
            manufacturer=row["manufacturer"],
            model=row["model"],
            field_strength_t=float(row["field_strength_t"]),
            larmor_mhz=float(row["larmor_mhz"]),
            software=tuple(row["software"].split("\\")),
            encoding=row["encoding"],
            site=sites()[row["site"]],
            language=row["language"],
            text_style=row["text_style"],
            averaging=row["averaging"],
            station=row["station"],
            serial=row["serial"],
            coils={part: row[f"{part}_coil"] for part in ("spine", "head", "knee")},
        )
        for row in _rows("scanners")
    )


@cache
def protocols() -> dict[str, Protocol]:
    """The protocols by name."""
    return {
        row["protocol"]: Protocol(
            name=row["protocol"],
            role=row["role"],
            anatomy=row["anatomy"],
            kind=row["kind"],
            plane=row["plane"],
            tr_ms=float(row["tr_ms"]),
            te_ms=float(row["te_ms"]),
            ti_ms=float(row["ti_ms"]) if row["ti_ms"] else None,
            flip_deg=float(row["flip_deg"]),
            echo_train=int(row["echo_train"]),
            matrix_frequency=int(row["matrix_frequency"]),
            matrix_phase=int(row["matrix_phase"]),
            partitions=int(row["partitions"]) if row["partitions"] else None,
            fov_mm=float(row["fov_mm"]),
            slice_thickness_mm=float(row["slice_thickness_mm"]),
            slice_gap_mm=float(row["slice_gap_mm"]),
            slices=int(row["slices"]),
            bandwidth_hz=float(row["bandwidth_hz"]),
            phase_direction=row["phase_direction"],
            fat_suppression=row["fat_suppression"],
            b_value=int(row["b_value"]) if row["b_value"] else None,
            nex=float(row["nex"]),
            follows_device=row["follows_device"] == "1",
        )
        for row in _rows("protocols")
    }


@cache
def exams() -> tuple[Exam, ...]:
    """The exams with their steps in order."""
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in _rows("exams"):
        grouped.setdefault(row["exam"], []).append(row)
    return tuple(
        Exam(
            name=name,
            share=float(rows[0]["share"]),
            anatomy=rows[0]["anatomy"],
            body_part=rows[0]["body_part"],
            wrong_body_part=rows[0]["wrong_body_part"],
            procedure_code=rows[0]["procedure_code"],
            coil=rows[0]["coil"],
            steps=tuple(
                ExamStep(
                    protocols()[row["protocol"]], float(row["probability"]), row["contrast"] == "1"
                )
                for row in sorted(rows, key=lambda row: int(row["position"]))
            ),
        )
        for name, rows in grouped.items()
    )


@cache
def averages_mix(averaging: str, vendor: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The numbers of averages a device of this kind uses, and their weights."""
    rows = [
        row
        for row in _rows("averages")
        if row["averaging"] == averaging and row["vendor"] == vendor
    ]
    return tuple(float(row["nex"]) for row in rows), tuple(float(row["weight"]) for row in rows)


@cache
def texts(language: str, key: str) -> tuple[str, ...]:
    """The wordings of `key` in a language, most usual first."""
    return tuple(
        row["text"] for row in _rows("texts") if row["language"] == language and row["key"] == key
    )


@cache
def names(kind: str, language: str | None = None) -> tuple[str, ...]:
    """Names of a kind (`female`, `male`, `family`), of one language or of all."""
    return tuple(
        text
        for row in _rows("people")
        if row["kind"] == kind and language in (None, row["language"])
        for text in row["text"].split(";")
    )


@cache
def name_languages() -> tuple[str, ...]:
    """The languages that names exist in; the hospital's own appear first."""
    return tuple(dict.fromkeys(row["language"] for row in _rows("people")))

"""The fleet's fixed facts: sites, scanners, protocols, exams, texts and names.

They are the files in `data/`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import Final

CASE_MIXES: Final = ("department", "lumbar")
"""What is examined: a department's usual exams, or lumbar spines only."""


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
    """One MR scanner on one day.

    `station` stays for good; `serial`, `software` and `is_renamed` may change over the period.
    `encoding` is `classic` or `enhanced`, `has_old_coils` speaks of the model's coils, `writes`
    names what only this scanner does: `nd` (each image also unfiltered), `dixon`, `dwi` (it has
    these protocols), `ms` (durations in milliseconds). `clock_offset_s` is how far its clock runs
    ahead.
    """

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
    has_old_coils: bool
    reconstruction: str
    writes: str
    station: str
    serial: str
    coils: dict[str, str] = field(hash=False)
    clock_offset_s: int = 0
    is_renamed: bool = False


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol in physical terms; `kind` selects the formula of its time, `nex` is lean.

    `potential` says at how many of 63 scanners it averages more than needed, None if every
    scanner runs it alike. From `oversampled_from_t` tesla on, 100 % phase oversampling is usual.
    """

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
    potential: int | None
    oversampled_from_t: float | None

    def is_oversampled_at(self, field_strength_t: float) -> bool:
        """Whether 100 % phase oversampling is usual at this field strength."""
        lowest = self.oversampled_from_t
        return lowest is not None and field_strength_t >= lowest


@dataclass(frozen=True, slots=True)
class ExamStep:
    """One protocol of an exam, with the probability that the technologist runs it.

    `needs` is what the scanner must have for it (see `Scanner.writes`), empty for nothing.
    """

    protocol: Protocol
    probability: float
    after_contrast: bool
    needs: str


@dataclass(frozen=True, slots=True)
class Exam:
    """A kind of exam: what is ordered, how often in each case mix, and its protocols."""

    name: str
    shares: dict[str, float] = field(hash=False)
    anatomy: str
    body_part: str
    wrong_body_part: str
    procedure_code: str
    coil: str
    steps: tuple[ExamStep, ...]


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of one of the files in `data/`, header names as keys."""
    path = files(__package__).joinpath("data", f"{name}.csv")
    yield from csv.DictReader(StringIO(path.read_text(encoding="utf-8")))


@cache
def sites() -> dict[str, Site]:
    """The sites by name, in file order."""
    return {row["site"]: Site(*row.values()) for row in rows("sites")}


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
            has_old_coils=row["coils"] == "old",
            reconstruction=row["reconstruction"],
            writes=row["writes"],
            station=row["station"],
            serial=row["serial"],
            coils={part: row[f"{part}_coil"] for part in ("spine", "head", "knee")},
        )
        for row in rows("scanners")
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
            potential=int(row["potential"]) if row["potential"] else None,
            oversampled_from_t=(
                float(row["oversampled_from_t"]) if row["oversampled_from_t"] else None
            ),
        )
        for row in rows("protocols")
    }


@cache
def exams() -> tuple[Exam, ...]:
    """The exams with their steps in order."""
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in rows("exams"):
        grouped.setdefault(row["exam"], []).append(row)
    return tuple(
        Exam(
            name=name,
            shares={mix: float(steps[0][f"share_{mix}"]) for mix in CASE_MIXES},
            anatomy=steps[0]["anatomy"],
            body_part=steps[0]["body_part"],
            wrong_body_part=steps[0]["wrong_body_part"],
            procedure_code=steps[0]["procedure_code"],
            coil=steps[0]["coil"],
            steps=tuple(
                ExamStep(
                    protocol=protocols()[row["protocol"]],
                    probability=float(row["probability"]),
                    after_contrast=row["contrast"] == "1",
                    needs=row["needs"],
                )
                for row in sorted(steps, key=lambda row: int(row["position"]))
            ),
        )
        for name, steps in grouped.items()
    )


@cache
def texts(language: str, key: str) -> tuple[str, ...]:
    """The wordings of `key` in a language, most usual first."""
    return tuple(
        row["text"] for row in rows("texts") if row["language"] == language and row["key"] == key
    )


@cache
def names(kind: str, language: str | None = None) -> tuple[str, ...]:
    """Names of a kind (`female`, `male`, `family`), of one language or of all."""
    return tuple(
        text
        for row in rows("people")
        if row["kind"] == kind and language in (None, row["language"])
        for text in row["text"].split(";")
    )


@cache
def name_languages() -> tuple[str, ...]:
    """The languages that names exist in; the hospital's own appear first."""
    return tuple(dict.fromkeys(row["language"] for row in rows("people")))

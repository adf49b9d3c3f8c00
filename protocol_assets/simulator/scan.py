"""A study and its scans in physical terms: what happened, before a vendor writes it down."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from protocol_assets.simulator.catalogue import Exam, Protocol, Scanner

Purpose = Literal["image", "localizer", "derived", "report", "phoenix"]
Defect = Literal["", "text_number", "empty_element"]

_SPIN_ECHO_TRAINS = frozenset({"tse", "ir_tse"})


@dataclass(frozen=True, slots=True)
class Patient:
    """An invented patient; `name` is a DICOM person name, `patient_id` has the site's form."""

    number: int
    patient_id: str
    name: str
    family_name: str
    sex: str
    birth_date: date
    weight_kg: int
    height_m: float
    address: str
    phone: str


@dataclass(frozen=True, slots=True)
class Study:
    """One study: who, where and when; its scans are generated from `seed`."""

    index: int
    seed: str
    study_uid: str
    day: date
    start_s: int
    scanner: Scanner
    exam: Exam
    patient: Patient
    accession: str
    referrer: str
    operator: str
    description: str
    has_report: bool
    has_phoenix: bool

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities in the study, as ModalitiesInStudy (0008,0061) lists them."""
        return ("MR", "SR") if self.has_report or self.has_phoenix else ("MR",)

    def moment(self, seconds: float) -> datetime:
        """Local date and time, `seconds` after the midnight that begins the study's day."""
        return datetime.combine(self.day, time()) + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Scan:
    """One series of a study.

    `nex` and `duration_s` are the truth, whatever the header will tell. `matrix_phase` are the
    nominal phase lines, `acquired_lines` what is measured of them (oversampling and partial
    Fourier in, parallel imaging not).
    """

    study: Study
    number: int
    uid_root: int
    purpose: Purpose
    protocol: Protocol
    series_description: str
    protocol_name: str
    body_part: str | None
    has_contrast: bool
    tr_ms: float
    nex: float
    slices: int
    phase_oversampling: float
    partial_fourier: float
    acceleration: int
    tilt_deg: float
    start_s: float
    acquisition: int
    is_rescan: bool = False
    is_override: bool = False
    omits_nex: bool = False
    omits_private_nex: bool = False
    has_raw_object: bool = False
    defect: Defect = ""

    @property
    def acquired_lines(self) -> int:
        """Phase lines in the plan: nominal x (1 + oversampling) x partial Fourier."""
        nominal = self.protocol.matrix_phase
        return round(nominal * (1 + self.phase_oversampling) * self.partial_fourier)

    @property
    def effective_averages(self) -> float:
        """NEX x acquired lines / nominal lines / acceleration."""
        return self.nex * self.acquired_lines / self.protocol.matrix_phase / self.acceleration

    @property
    def duration_s(self) -> float:
        """Scan time in s from the sequence's own formula; 0 where nothing was scanned."""
        if self.purpose not in ("image", "localizer"):
            return 0.0
        tr_s = self.tr_ms / 1000
        protocol = self.protocol
        lines = self.acquired_lines
        match protocol.kind:
            case "gre_sequential":
                excitations = lines * self.nex * self.slices
            case "gre" | "mprage":
                excitations = math.ceil(lines / self.acceleration) * self.nex
            case "epi":
                # b = 0 once, the high b-value in three directions and averaged
                excitations = 1 + 3 * self.nex
            case _:
                excitations = math.ceil(lines / (protocol.echo_train * self.acceleration)) * (
                    self.nex
                )
        return tr_s * excitations

    @property
    def is_spin_echo_train(self) -> bool:
        """True for (turbo) spin echo, with or without inversion."""
        return self.protocol.kind in _SPIN_ECHO_TRAINS

    @property
    def is_enhanced(self) -> bool:
        """True where the scanner writes enhanced multi-frame objects."""
        return self.study.scanner.encoding == "enhanced"

    @property
    def images(self) -> int:
        """Images (frames) in the series; diffusion holds each slice at b = 0 and as trace."""
        return self.slices * (2 if self.protocol.b_value else 1)

    @property
    def instances(self) -> int:
        """SOP instances in the series."""
        if self.purpose in ("report", "phoenix") or self.is_enhanced:
            return 1
        return self.images + self.has_raw_object

    def b_value(self, image: int) -> int | None:
        """The b-value of an image (from 0) in s/mm2; None outside diffusion."""
        if self.protocol.b_value is None:
            return None
        return 0 if image < self.slices else self.protocol.b_value

    @property
    def series_uid(self) -> str:
        """Series Instance UID, under the UUID-derived root 2.25 (PS3.5 B.2)."""
        return f"2.25.{self.uid_root}"

    def instance_uid(self, instance: int) -> str:
        """SOP Instance UID of an instance (from 0)."""
        return f"2.25.{self.uid_root + instance + 1}"

"""A study and its scans in physical terms: what happened, before a vendor writes it down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from protocol_assets_simulator import clock
from protocol_assets_simulator.catalogue import Exam, Protocol, Scanner

Purpose = Literal["image", "localizer", "derived", "report", "phoenix"]
Sibling = Literal["", "unfiltered", "in_phase", "out_phase", "water", "fat", "trace"]
Defect = Literal[
    "", "text_number", "empty_element", "te_missing", "tr_off", "nex_in_one_image", "enhanced_nex"
]
TimeText = Literal["", "too_short", "multiplied"]
Incident = Literal["", "midnight", "dst", "split", "resent_same_uids", "resent_new_uids"]
Planted = Literal["", "tr_off", "te_missing", "nex_in_one_image", "enhanced_nex"]

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


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """One study: who, where and when; its scans are generated from `seed`.

    A study equals itself alone, so that it is a cheap key.

    Attributes:
        start_s: Start of its exam by the wall clock, in s after the midnight of `day`.
        registered_s: Start of this study of the exam, which Study Time (0008,0030) tells.
        held: The sites whose PACS holds it, each with the day from which it does.
        exam_index: Shared by the studies of one exam (a split one, one sent again).
        part: 1 or 2 where the exam is split over two studies, else 0.
        salt: Tells the UIDs of a study sent again under new ones; 0 for all others.
        localizers: How many localizers the exam begins with.
        incident: What befell it.
        planted: The one deviation planted in its sagittal T2, for compliance checks to find.
    """

    index: int
    seed: str
    study_uid: str
    day: date
    start_s: int
    registered_s: int
    scanner: Scanner
    exam: Exam
    patient: Patient
    accession: str
    referrer: str
    operator: str
    description: str
    has_report: bool
    has_phoenix: bool
    held: tuple[tuple[str, date], ...]
    exam_index: int
    part: int = 0
    salt: int = 0
    localizers: int = 1
    incident: Incident = ""
    planted: Planted = ""

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities in the study, as ModalitiesInStudy (0008,0061) lists them."""
        return ("MR", "SR") if self.has_report or self.has_phoenix else ("MR",)

    def moment(self, seconds: float) -> datetime:
        """The scanner's clock, `seconds` after the midnight that begins the study's day."""
        crosses_dst = self.incident == "dst"
        offset_s = self.scanner.clock_offset_s
        return clock.wall(self.day, self.start_s, seconds, offset_s, crosses_dst)

    def is_held(self, site: str | None, as_of: date | None) -> bool:
        """Whether the PACS of a site (None: of any) holds the study on a day (None: ever)."""
        return any(
            site in (None, holder) and (as_of is None or since <= as_of)
            for holder, since in self.held
        )


@dataclass(frozen=True, slots=True)
class Scan:
    """One series of a study.

    `nex` and `duration_s` are the truth, whatever the header will tell. `matrix_phase` are the
    nominal phase lines, `acquired_lines` what is measured of them (oversampling and partial
    Fourier in, parallel imaging not). Where a scan gives several series, `sibling` names what each
    shows; they share acquisition, start and duration, and all but the first are `is_second`.
    `most_images` limits the single-frame images that the PACS holds of a series; None for all.
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
    preparation_s: float
    tilt_deg: float
    start_s: float
    acquisition: int
    sibling: Sibling = ""
    is_second: bool = False
    is_composed: bool = False
    has_no_phase_wrap: bool = False
    is_rescan: bool = False
    is_override: bool = False
    omits_nex: bool = False
    omits_private_nex: bool = False
    has_raw_object: bool = False
    time_text: TimeText = ""
    defect: Defect = ""
    most_images: int | None = None

    @property
    def acquired_lines(self) -> int:
        """Phase lines in the plan: nominal x (1 + oversampling) x partial Fourier."""
        nominal = self.protocol.matrix_phase
        return round(nominal * (1 + self.phase_oversampling) * self.partial_fourier)

    @property
    def encoded_lines(self) -> int:
        """Phase lines with oversampling, those that partial Fourier leaves out included."""
        return round(self.protocol.matrix_phase * (1 + self.phase_oversampling))

    @property
    def effective_averages(self) -> float:
        """NEX x acquired lines / nominal lines / acceleration."""
        return self.nex * self.acquired_lines / self.protocol.matrix_phase / self.acceleration

    @property
    def duration_s(self) -> float:
        """Scan time in s: preparation and the sequence's formula; 0 where nothing was scanned."""
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
        return self.preparation_s + tr_s * excitations

    @property
    def is_spin_echo_train(self) -> bool:
        """True for (turbo) spin echo, with or without inversion."""
        return self.protocol.kind in _SPIN_ECHO_TRAINS

    @property
    def is_enhanced(self) -> bool:
        """True if the scanner writes enhanced multi-frame objects."""
        return self.study.scanner.encoding == "enhanced"

    @property
    def images(self) -> int:
        """Images (frames) in the series; diffusion holds each slice at b = 0 and as trace."""
        if self.protocol.b_value and self.purpose == "image" and not self.sibling:
            return self.slices * 2
        return self.slices

    @property
    def instances(self) -> int:
        """SOP instances in the series."""
        if self.purpose in ("report", "phoenix") or self.is_enhanced:
            return 1
        return len(self.kept_images) + self.has_raw_object

    @property
    def kept_images(self) -> Sequence[int]:
        """The images (from 0) that the PACS holds: evenly spaced, with those at the ends."""
        if self.most_images is None or self.images <= self.most_images:
            return range(self.images)
        last, steps = self.images - 1, self.most_images - 1
        kept = {round(step * last / steps) for step in range(self.most_images)}
        if self.defect == "nex_in_one_image":
            kept.add(self.images // 2)
        return sorted(kept)

    def b_value(self, image: int) -> int | None:
        """The b-value of an image (from 0) in s/mm2; None outside diffusion."""
        if self.protocol.b_value is None:
            return None
        return 0 if image < self.images - self.slices else self.protocol.b_value

    def image_nex(self, image: int) -> float:
        """The averages that an image's header tells: one image may differ."""
        if self.defect == "nex_in_one_image" and image == self.images // 2:
            return self.nex + 1
        return self.nex

    @property
    def series_uid(self) -> str:
        """Series Instance UID, under the UUID-derived root 2.25 (PS3.5 B.2)."""
        return f"2.25.{self.uid_root}"

    def instance_uid(self, instance: int) -> str:
        """SOP Instance UID of an instance (from 0)."""
        return f"2.25.{self.uid_root + instance + 1}"

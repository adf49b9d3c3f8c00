"""The exams of a day: what was scanned, when, by whom and with what mishaps."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from dataclasses import dataclass, field, replace

from benchmarks.fleets.b.devices import Device
from benchmarks.fleets.b.physics import Scan
from benchmarks.fleets.b.protocols import Protocol
from benchmarks.fleets.b.texts import (
    AGENTS,
    BODY_PARTS,
    REPEATS,
    describe_localizer,
    describe_study,
    vary_text,
)

__all__ = ["ExamPlan", "SeriesPlan", "group_by_anatomy", "plan_exam"]

_LUMBAR_SHARE = 0.6
_CONTRAST = {"lumbar spine": 0.09, "cervical spine": 0.08, "knee": 0.0, "brain": 0.32}
_SUFFIXES = ("KM", "+C", "INJ", "MDC", "CONTRASTE", "na contrast", "CON CONTRASTE")
_ROOTS = {
    "Siemens": "1.3.12.2.1107.5.2.43",
    "GE": "1.2.840.113619.2.44",
    "Philips": "1.3.46.670589.11",
    "Canon": "1.2.392.200036.9116.4.2",
    "UIH": "1.2.156.112605.14038010",
    "Hitachi": "1.2.392.200039.107.2",
}


@dataclass(slots=True)
class SeriesPlan:
    """One series of an exam.

    Attributes:
        protocol: Which it belongs to, none for localizers and reports.
        scan: Its settings.
        content: ``image``, ``fat``, ``phase``, ``second``, ``adc``, ``mpr``, ``compose``,
            ``localizer`` or ``report``.
        number: SeriesNumber.
        acquisition: AcquisitionNumber.
        start_s: Seconds of the local day at which its acquisition starts.
        description: SeriesDescription.
        phase: ``none``, ``pre`` or ``post``.
        agent: ContrastBolusAgent.
        body_part: BodyPartExamined, empty where missing.
        instances: Objects, before vendors put them into one.
        lacks_nex: Whether NumberOfAverages is missing.
        is_override: Whether the technologist chose other averages.
        is_rescan: Whether it repeats the one before.
    """

    protocol: Protocol | None
    scan: Scan
    content: str
    number: int
    acquisition: int
    start_s: float
    description: str
    phase: str
    agent: str
    body_part: str
    instances: int
    lacks_nex: bool = False
    is_override: bool = False
    is_rescan: bool = False

    @property
    def is_counted(self) -> bool:
        """Whether it stands for an acquisition."""
        return self.content == "image"

    @property
    def has_numbers(self) -> bool:
        """Whether it is neither a report nor derived."""
        return self.content not in ("adc", "mpr", "compose", "report")


@dataclass(slots=True)
class ExamPlan:
    """One exam.

    Attributes:
        device: The scanner's place.
        day: Day of the period.
        date: Its date.
        serial: DeviceSerialNumber.
        study_uid: StudyInstanceUID.
        description: StudyDescription, empty where missing.
        patient: PatientID.
        operator: Who scanned.
        series: In the order of the scans.
        has_extra: Whether a sequence was added or repeated.
        is_copy: Whether the exam was sent a second time under new UIDs.
    """

    device: Device
    day: int
    date: dt.date
    serial: str
    study_uid: str
    description: str
    patient: str
    operator: str
    series: list[SeriesPlan] = field(default_factory=list)
    has_extra: bool = False
    is_copy: bool = False

    @property
    def end_s(self) -> float:
        """Seconds of the day at which the last scan ends."""
        return max(s.start_s + s.scan.scan_time_s for s in self.series if s.has_numbers)

    @property
    def span_s(self) -> float:
        """From the first original scan's start to the last one's end."""
        return self.end_s - min(s.start_s for s in self.series if s.has_numbers)


def _choose(own: dict[str, list[Protocol]], anatomy: str, rng: random.Random) -> list[Protocol]:
    """Choose the native sequences of an exam, variants instead of the plain one."""
    chosen: dict[str, Protocol] = {}
    for protocol in own[anatomy]:
        sequence = protocol.sequence
        if sequence.phase == "post":
            continue
        if sequence.variant and sequence.variant != "3d":
            if rng.random() < sequence.used:
                chosen[sequence.role] = protocol
        elif rng.random() < sequence.used:
            key = sequence.key if sequence.variant or sequence.role in chosen else sequence.role
            chosen.setdefault(key, protocol)
    result = list(chosen.values())
    for protocol in own[anatomy]:
        if len(result) >= 3:
            break
        if protocol not in result and protocol.sequence.phase == "none":
            result.append(protocol)
    if rng.random() < 0.3:
        rng.shuffle(result)
    return result


def _override(device: Device, scan: Scan, rng: random.Random) -> Scan:
    if scan.family == "epi":
        return scan
    if scan.nex >= 2 and rng.random() < 0.6:
        return replace(scan, nex=scan.nex - 1)
    if scan.nex == 1 and device.model.vendor == "GE" and scan.partial_fourier == 1:
        return replace(scan, nex=rng.choice((1.5, 2)))
    return replace(scan, nex=scan.nex + 1, partial_fourier=1.0)


class _Clock:
    """Builds the series of one exam one after the other."""

    def __init__(self, exam: ExamPlan, start_s: float, pace: float, rng: random.Random) -> None:
        self.exam, self.now, self.pace, self.rng = exam, start_s, pace, rng
        self.acquisition = 0

    def number(self, second: int = 0) -> int:
        vendor = self.exam.device.model.vendor
        if vendor == "Philips":
            return self.acquisition * 100 + 1 + second
        if vendor == "Canon":
            return self.acquisition * 1000 + second
        if vendor == "GE" and second:
            return self.acquisition * 100 + second - 1
        return len(self.exam.series) + 1

    def body_part(self, anatomy: str) -> str:
        lot = self.rng.random()
        if lot < 0.33:
            return ""
        if lot < 0.43:
            return self.rng.choice(("CSPINE", "LSPINE", "HEAD", "KNEE", "ABDOMEN", "PELVIS"))
        return self.rng.choice(BODY_PARTS[anatomy])

    def localizer(self, scan: Scan, anatomy: str) -> None:
        self.acquisition += 1
        text = describe_localizer(self.exam.device, self.rng)
        part = self.body_part(anatomy)
        self.exam.series.append(
            SeriesPlan(None, scan, "localizer", self.number(), self.acquisition, self.now, text,
                       "none", "", part, scan.slices)
        )  # fmt: skip
        self.now += scan.scan_time_s + self.rng.uniform(25, 50) * self.pace

    def scan(self, protocol: Protocol, phase: str, agent: str, is_rescan: bool = False) -> None:
        """Scan a protocol, with the mishaps that may come of it."""
        rng, device = self.rng, self.exam.device
        _, scan = protocol.scan_on(self.exam.day)
        is_override = rng.random() < 0.05 and scan.family != "epi"
        if is_override:
            scan = _override(device, scan, rng)
        self.acquisition += 1
        text = vary_text(device, protocol.name_in_header, phase, rng)
        lot = rng.random()
        if phase != "post" and lot < 0.004:
            text += " " + rng.choice(_SUFFIXES)
        elif phase == "post" and lot < 0.03:
            for suffix in _SUFFIXES:
                text = text.replace(suffix, "").strip(" _")
        if is_rescan and rng.random() < 0.6:
            text += REPEATS[device.language]
        is_aborted = not is_rescan and rng.random() < 0.004
        missing = 0.2 if device.model.vendor == "Philips" else 0.03
        instances = scan.slices if not is_aborted else max(1, scan.slices // 3)
        series = SeriesPlan(
            protocol, scan, "image", self.number(), self.acquisition, self.now, text, phase, agent,
            self.body_part(protocol.sequence.anatomy), instances, rng.random() < missing,
            is_override, is_rescan,
        )  # fmt: skip
        self.exam.series.append(series)
        self._seconds(series)
        self.now += scan.scan_time_s + rng.uniform(25, 60) * self.pace
        chance = 0.03
        if protocol.is_harmed and protocol.changed_day <= self.exam.day:
            chance += 0.2
        if is_aborted or (not is_rescan and rng.random() < chance):
            self.exam.has_extra = True
            self.scan(protocol, phase, agent, is_rescan=True)

    def _add(self, series: SeriesPlan, content: str, text: str, instances: int) -> None:
        second = 1 + sum(s.acquisition == series.acquisition for s in self.exam.series)
        self.exam.series.append(
            replace(series, content=content, number=self.number(second - 1), description=text,
                    instances=instances)
        )  # fmt: skip

    def _seconds(self, series: SeriesPlan) -> None:
        """Add what else is reconstructed or computed from a scan."""
        rng, device, scan = self.rng, self.exam.device, series.scan
        vendor, text = device.model.vendor, series.description
        if scan.fat == "dixon":
            self._add(series, "fat", f"{text}_F", series.instances)
        if scan.family == "epi":
            name = {"Philips": f"d{text} ADC MAP"}.get(vendor, f"{text}_ADC")
            self._add(series, "adc", name, series.instances)
        if scan.is_3d and rng.random() < 0.8:
            self._add(series, "mpr", f"{text} MPR", 8)
        if scan.family == "gre" and device.index % 3 == 0:
            self._add(series, "phase", f"{text}_Pha", series.instances)
        if scan.family == "tse" and vendor == "Philips" and rng.random() < 0.07:
            self._add(series, "second", f"e{text} SENSE", series.instances)
        if scan.family == "tse" and device.index % 6 == 0 and rng.random() < 0.25:
            self._add(
                series, "second", f"{text}_{rng.choice(('ND', 'NORM', 'filt'))}", series.instances
            )
        if scan.family == "tse" and scan.plane == "sag" and rng.random() < 0.06:
            self._add(series, "compose", f"{text}_composed", 5)


def _localizer_scan(device: Device) -> Scan:
    """Give the localizer of a scanner, which never changes."""
    return Scan(
        "localizer", "ax", 7.0 + device.index % 5 * 0.6, 3.4, 0, 20, 1, 160 + device.index % 3 * 32,
        256, 400, 3, 8, 1, 1 + device.index % 2, 0, 1, 1, 320, "none", 0.01,
    )  # fmt: skip


def plan_exam(
    device: Device,
    own: dict[str, list[Protocol]],
    when: tuple[int, dt.date, float],
    serial: str,
    tag: int,
    rng: random.Random,
) -> ExamPlan:
    """Plan one exam.

    Args:
        device: Where.
        own: The scanner's protocols by anatomy.
        when: Day of the period, its date and the second of the day at which it starts.
        serial: Of the scanner that stands there on the day.
        tag: Number of the exam on the day, for its UIDs.
        rng: Source of chance of the day.
    """
    day, date, start_s = when
    is_lumbar = rng.random() < _LUMBAR_SHARE
    anatomy = device.anatomies[0] if is_lumbar else rng.choice(device.anatomies[1:])
    has_both = "cervical spine" in device.anatomies
    is_whole = has_both and anatomy.endswith("spine") and rng.random() < 0.02
    has_contrast = rng.random() < _CONTRAST[anatomy]
    region = "whole spine" if is_whole else anatomy
    root = _ROOTS[device.model.vendor]
    technologist = rng.randrange(5)
    exam = ExamPlan(
        device=device,
        day=day,
        date=date,
        serial=serial,
        study_uid=f"{root}.{10_000 + device.index}.{date:%Y%m%d}{tag:04d}",
        description=describe_study(device, region, has_contrast, rng),
        patient=f"P{device.index:02d}{date:%y%m%d}{tag:03d}",
        operator=f"MTR{device.index:02d}{technologist}",
    )
    habit = random.Random(f"staff {device.index} {technologist}").lognormvariate(0, 0.22)
    clock = _Clock(exam, start_s, device.pace * habit, rng)
    for _ in range(1 + (rng.random() < 0.2)):
        clock.localizer(_localizer_scan(device), anatomy)
    native = _choose(own, anatomy, rng)
    if is_whole:
        native += _choose(
            own, "cervical spine" if anatomy == "lumbar spine" else "lumbar spine", rng
        )
    if rng.random() < 0.03:
        rest = [p for p in own[anatomy] if p not in native and p.sequence.phase == "none"]
        native += rest[:1]
        exam.has_extra = bool(rest)
    post = [p for p in own[anatomy] if p.sequence.phase == "post"] if has_contrast else []
    unused = "off" if device.model.vendor == "Hitachi" else ""
    for protocol in native:
        clock.scan(protocol, "pre" if post else "none", unused)
    agent = rng.choice(AGENTS) if rng.random() >= 0.08 else unused
    clock.now += 70 * device.pace if post else 0
    for protocol in post:
        if rng.random() < protocol.sequence.used:
            clock.scan(protocol, "post", agent)
    if rng.random() < 0.03:
        last = exam.series[-1]
        exam.series.append(replace(last, protocol=None, content="report", number=999,
                                   description="Report", instances=1, phase="none"))  # fmt: skip
    return exam


def group_by_anatomy(protocols: list[Protocol]) -> dict[str, list[Protocol]]:
    """Group a scanner's protocols by anatomy."""
    own: dict[str, list[Protocol]] = defaultdict(list)
    for protocol in protocols:
        own[protocol.sequence.anatomy].append(protocol)
    return own

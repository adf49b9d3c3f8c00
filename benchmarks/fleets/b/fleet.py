"""The fleet: its calendar, its studies as objects, and its truth as tables."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from functools import cached_property
from typing import Any

from benchmarks.fleets.b.courses import apply_courses, replacement_day
from benchmarks.fleets.b.devices import build_devices
from benchmarks.fleets.b.enhanced import encode_enhanced
from benchmarks.fleets.b.exams import ExamPlan, SeriesPlan, group_by_anatomy, plan_exam
from benchmarks.fleets.b.headers import Header, exam_part, format_clock, make_element, position
from benchmarks.fleets.b.physics import Scan
from benchmarks.fleets.b.protocols import Protocol, build_protocols, console_nex, old_coil_level
from benchmarks.fleets.b.truth import make_truth
from benchmarks.fleets.b.vendors import encode_scan, image_type
from benchmarks.fleets.contract import FleetStudy, FleetTruth, Target

__all__ = ["OutpatientChain"]

_DAYS = 365
_WEEK = (1.0, 1.05, 1.0, 1.05, 0.95, 0.3, 0.0)
_ENHANCED = ("xa_enhanced", "philips_enhanced")


class OutpatientChain:
    """A private outpatient chain of 63 scanners in seven countries over a year.

    High volumes on few standard programmes (60 % lumbar spine), many Canon, UIH and Hitachi
    scanners beside Siemens (classic, XA classic, XA enhanced), GE and Philips. The vendors reach
    the same averaging in different ways: GE by No Phase Wrap, others by NEX 1 with 100 % phase
    oversampling, others by NEX 2 without. Whole scanners go without parallel imaging.

    How ``kind`` is defined. A *stratum* is anatomy, role, contrast phase and field; 3D, Dixon, fast
    and slow variants are in the stratum of their role. Each stratum has one averaging that is right
    (1.0, 1.5 or 2.0, DWI 4.0), the same at every R. A *group* is a stratum at one R.

    * ``potential``: averaging (NEX x (1 + phase oversampling)) at least 1.25 times the 25th
      percentile of its group; in each group with one, at least 42 % of the protocols are low (at
      0.95 to 1.05 times what is right), so that the percentile is always a low value whatever
      chance does. Never on a variant, a control or an old coil; never with a smaller voxel, a
      wider bandwidth or partial Fourier that would excuse it. No scanner with a target has one
      at the target's role.
    * ``old coil``: averaging equal to the signed target of its model in ``targets``.
    * ``control``: on a scanner where nothing ever changes; averaging is low.
    * ``acceleration``: averaging is low, R is 1 and more than half of the stratum is at R 2.
    * ``no oversampling``: averaging is low, by NEX 2 at 0 % where others have NEX 1 at 100 %.
    * ``usual``: any other; averaging is low.

    ``kind`` is that of the first day; ``crept`` and ``raised`` protocols leave it later.

    Truth's conventions. A protocol has the contrast phase ``none`` or ``post``; its series are
    ``pre`` in exams in which an agent follows. For GE a console value below 1 is partial Fourier:
    ``nex`` is that value, ``averaging`` 1. ``scan_time_sum_s`` is over counted series (repeats
    included, localizers not). Copies of studies have rows of their own, nothing in them counts.
    For ``crept`` protocols ``changed_on`` is NaT, ``averaging_after`` the last value.

    Objects of a series share their elements, so treat them as read-only.

    Args:
        seed: The same seed gives the same fleet.
        scanners: Number of scanners.
        studies: Number of studies over the year, without copies.
    """

    timezone = "Europe/Berlin"
    start = dt.date(2025, 1, 6)
    end = start + dt.timedelta(days=_DAYS - 1)

    def __init__(self, seed: int, scanners: int = 63, studies: int = 11_000) -> None:
        self.seed = seed
        self.devices = build_devices(seed, scanners)
        self.protocols = build_protocols(seed, self.devices)
        apply_courses(seed, self.devices, self.protocols, _DAYS)
        by_device: dict[int, list[Protocol]] = defaultdict(list)
        for protocol in self.protocols:
            by_device[protocol.device.index].append(protocol)
        self._own = [group_by_anatomy(by_device[d.index]) for d in self.devices]
        self._replaced = [replacement_day(d, by_device[d.index]) for d in self.devices]
        self._weights = [d.weight for d in self.devices]
        rng = random.Random(f"calendar {seed}")
        weekdays = [_WEEK[(self.start.weekday() + day) % 7] for day in range(_DAYS)]
        self._counts = [0] * _DAYS
        for day in rng.choices(range(_DAYS), weekdays, k=studies):
            self._counts[day] += 1
        self._places: dict[tuple[Scan, int], list[Header]] = {}
        self._scans: dict[tuple[int, Any], Header] = {}

    @property
    def targets(self) -> list[Target]:
        """The averages that sites have signed for scanners with an old coil."""
        targets: dict[tuple[object, ...], Target] = {}
        for protocol in self.protocols:
            model, sequence = protocol.device.model, protocol.sequence
            if protocol.kind == "old coil":
                key = (model.name, sequence.anatomy, sequence.role)
                targets[key] = Target(
                    manufacturer=model.manufacturer,
                    model=model.name,
                    field_strength_t=model.field,
                    anatomy=sequence.anatomy,
                    role=sequence.role,
                    contrast_phase=sequence.phase,
                    averaging=old_coil_level(protocol.level),
                )
        return list(targets.values())

    @cached_property
    def names(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Scanner and site by Manufacturer and DeviceSerialNumber."""
        names = {}
        for device in self.devices:
            for serial in filter(None, (device.serial, device.new_serial)):
                names[(device.model.manufacturer, serial)] = (device.station, device.site)
        return names

    def plan_day(self, date: dt.date) -> list[ExamPlan]:
        """Plan the exams of a day, without their objects."""
        day = (date - self.start).days
        if not 0 <= day < _DAYS:
            return []
        rng = random.Random(f"day {self.seed} {day}")
        free: dict[int, float] = {}
        exams = []
        for tag in range(1, self._counts[day] + 1):
            device = rng.choices(self.devices, self._weights)[0]
            start = free.get(device.index, 7.2 * 3600 + rng.uniform(0, 3 * 3600))
            if start > 21 * 3600:
                device = min(self.devices, key=lambda d: free.get(d.index, 0.0))
                start = free.get(device.index, 8 * 3600.0)
            is_new = 0 <= self._replaced[device.index] <= day
            serial = device.new_serial if is_new else device.serial
            exam = plan_exam(device, self._own[device.index], (day, date, start), serial, tag, rng)
            free[device.index] = exam.end_s + rng.uniform(240, 900)
            exams.append(exam)
            if rng.random() < 0.005:
                again = f"{exam.study_uid[:-4]}{tag + 5000:04d}"
                exams.append(_copy(exam, again))
        return exams

    def studies(self, day: dt.date) -> list[FleetStudy]:
        """The studies of a day, as the archive holds them."""
        return [
            FleetStudy(
                exam.study_uid,
                exam.date,
                [
                    obj
                    for n, series in enumerate(exam.series)
                    for obj in self._encode(exam, series, n)
                ],
            )
            for exam in self.plan_day(day)
        ]

    def truth(self) -> FleetTruth:
        """What really happened over the whole period."""
        days = (self.start + dt.timedelta(days=day) for day in range(_DAYS))
        return make_truth(self.start, self.protocols, (e for d in days for e in self.plan_day(d)))

    def _encode(self, exam: ExamPlan, series: SeriesPlan, number: int) -> list[dict[str, Any]]:
        device, scan = exam.device, series.scan
        series_uid = f"{exam.study_uid}.{number + 1}"
        part = exam_part(exam, series, series_uid)
        if series.content == "report":
            part["00080018"] = make_element("UI", f"{series_uid}.1")
            return [dict(sorted(part.items()))]
        nex = console_nex(series.protocol, scan) if series.protocol else scan.nex
        if device.model.encoding in _ENHANCED:
            return [encode_enhanced(exam, series, series_uid, nex)]
        key = (device.index, scan)
        if key not in self._scans:
            self._scans[key] = encode_scan(device, scan, nex)
        header = self._scans[key] | part
        header["00080008"] = make_element("CS", *image_type(device, series.content))
        self._spoil(series, header, exam, number)
        return self._instances(exam, series, dict(sorted(header.items())), series_uid)

    def _spoil(self, series: SeriesPlan, header: Header, exam: ExamPlan, number: int) -> None:
        """Leave out what this series lacks."""
        device = exam.device
        if series.lacks_nex:
            header.pop("00180083", None)
            if number % 2:
                header.pop(f"20011{device.block}88", None)
        if not series.has_numbers:
            for tag in ("00189073", "00180089"):
                header.pop(tag, None)
        lot = random.Random(f"{exam.study_uid}{number}").random()
        if lot < 0.03:
            header.pop("00180095", None)
        elif lot < 0.05:
            header.pop("00280030", None)
        elif lot < 0.06:
            header.pop("00180023", None)
        if device.model.vendor == "UIH" and device.index % 3 == 0:
            date, clock = format_clock(exam, series.start_s)
            header.pop("00080032", None)
            header["0008002A"] = make_element("DT", f"{date}{clock}")
        if device.model.vendor == "Siemens":
            end = series.start_s + series.scan.scan_time_s + 9
            header["00080031"] = make_element("TM", format_clock(exam, end)[1])

    def _instances(
        self, exam: ExamPlan, series: SeriesPlan, header: Header, series_uid: str
    ) -> list[dict[str, Any]]:
        scan = series.scan
        times = None
        if exam.device.model.encoding == "siemens" and scan.packages > 1:
            span = scan.scan_time_s / scan.packages
            times = [
                make_element("TM", format_clock(exam, series.start_s + p * span)[1])
                for p in range(scan.packages)
            ]
        objects = []
        for i, place in enumerate(self._places_of(scan, series.instances)):
            obj = header | place
            obj["00080018"] = {"vr": "UI", "Value": [f"{series_uid}.{i + 1}"]}
            if times:
                obj["00080032"] = times[i % len(times)]
            objects.append(obj)
        return objects

    def _places_of(self, scan: Scan, count: int) -> list[Header]:
        """Make what differs between the slices of a scan, once for all its series."""
        key = (scan, count)
        if key not in self._places:
            axis = {"sag": 0, "cor": 1, "ax": 2}[scan.plane]
            self._places[key] = [
                {
                    "00200013": make_element("IS", i + 1),
                    "00200032": make_element("DS", *place),
                    "00201041": make_element("DS", place[axis]),
                }
                for i, place in ((i, position(scan, i)) for i in range(count))
            ]
        return self._places[key]


def _copy(exam: ExamPlan, study_uid: str) -> ExamPlan:
    """Send an exam a second time under new UIDs."""
    return ExamPlan(
        device=exam.device,
        day=exam.day,
        date=exam.date,
        serial=exam.serial,
        study_uid=study_uid,
        description=exam.description,
        patient=exam.patient,
        operator=exam.operator,
        series=exam.series,
        has_extra=exam.has_extra,
        is_copy=True,
    )

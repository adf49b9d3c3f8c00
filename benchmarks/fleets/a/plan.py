"""The examinations of a day: what was scanned, when, and with which mishaps."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.fleets.a.devices import DAYS, START, Station
from benchmarks.fleets.a.physics import Settings, with_averaging
from benchmarks.fleets.a.protocol import Protocol
from benchmarks.fleets.a.settings import make_localizer
from benchmarks.fleets.a.texts import BODY_PARTS, WRONG_BODY_PARTS, study_description

__all__ = ["Planner", "SeriesPlan", "StudyPlan"]

LOCALIZER = make_localizer()
_MIX = (
    ("lumbar spine", 0.4),
    ("cervical spine", 0.2),
    ("knee", 0.18),
    ("brain", 0.2),
    ("whole spine", 0.02),
)
_WEEK = (1.3, 1.28, 1.3, 1.27, 1.22, 0.43, 0.2)
_POST_SHARE = {"lumbar spine": 0.12, "brain": 0.3}


@dataclass(slots=True)
class SeriesPlan:
    """A series to be written.

    Attributes:
        what: ``scan``, ``localizer``, ``second`` (of the same scan), ``derived``, ``report``.
        form: Which second or derived form: ``nd``, ``delayed``, ``water``, ``adc``, ``mpr``.
        name: SeriesDescription.
        plain_name: ProtocolName.
        fraction: Share of the scan that was acquired before it was broken off.
        hides_nex: Whether the header lacks the averages.
        hides_recon: Whether the header lacks fields of the reconstruction.
    """

    uid: str
    number: int
    what: str
    settings: Settings
    start_s: float
    protocol: Protocol | None = None
    form: str = ""
    name: str = ""
    plain_name: str = ""
    phase: str = "none"
    body_part: str = ""
    agent: str = ""
    is_counted: bool = False
    is_override: bool = False
    is_rescan: bool = False
    fraction: float = 1.0
    hides_nex: bool = False
    hides_recon: bool = False

    @property
    def time_s(self) -> float:
        """True time of the scan (s)."""
        return self.settings.scan_time_s * self.fraction


@dataclass(slots=True)
class StudyPlan:
    """An examination with its series in the order in which they were scanned."""

    uid: str
    day: dt.date
    station: Station
    region: str
    number: int
    description: str
    with_agent: bool
    start_s: float
    patient: str
    root: str
    series: list[SeriesPlan] = field(default_factory=list)
    has_extra: bool = False
    span_s: float = 0.0
    scan_sum_s: float = 0.0
    reported: bool = False


class Planner:
    """Draws the examinations of a day from the fleet's protocols.

    Args:
        seed: Seed of the fleet.
        devices: The scanners.
        protocols: Their protocols.
        studies: Examinations over the whole period, on average.
    """

    def __init__(
        self, seed: int, devices: list[Station], protocols: list[Protocol], studies: int
    ) -> None:
        self.seed = seed
        self.devices = devices
        days = [START + dt.timedelta(i) for i in range(DAYS)]
        total = sum(_WEEK[d.weekday()] for d in days)
        self._rate = studies / total * np.array([s.weight for s in devices])
        self._by_place: dict[tuple[int, str], list[Protocol]] = {}
        for protocol in protocols:
            place = (protocol.station.index, protocol.anatomy)
            self._by_place.setdefault(place, []).append(protocol)

    def day(self, day: dt.date) -> list[StudyPlan]:
        """Return the examinations of a day, the same for the same seed and day."""
        offset = (day - START).days
        if not 0 <= offset < DAYS:
            return []
        counts = np.random.default_rng([self.seed, offset]).poisson(
            self._rate * _WEEK[day.weekday()]
        )
        plans = []
        for station, count in zip(self.devices, counts.tolist(), strict=True):
            if not count:
                continue
            rng = random.Random(f"{self.seed}-{offset}-{station.index}")
            cursor = 7 * 3600 + rng.uniform(0, 2400)
            slot = 12.5 * 3600 / count
            for number in range(count):
                cursor = max(cursor, 7 * 3600 + slot * (number + rng.uniform(0, 0.4)))
                if number == count - 1 and rng.random() < 0.012:
                    cursor = max(cursor, 86400 - rng.uniform(200, 1500))  # ends past midnight
                plan = self._study(rng, station, day, number + 1, cursor)
                plans.append(plan)
                cursor = plan.start_s + plan.span_s + rng.uniform(240, 900)
                if rng.random() < 0.006:
                    plans.append(_copied(plan))
        return plans

    def _study(
        self, rng: random.Random, station: Station, day: dt.date, number: int, start: float
    ) -> StudyPlan:
        needs = {"whole spine": "cervical spine"}  # every scanner does the lumbar spine
        owned = [(r, w) for r, w in _MIX if (station.index, needs.get(r, r)) in self._by_place]
        region = rng.choices([r for r, _ in owned], [w for _, w in owned])[0]
        with_agent = rng.random() < _POST_SHARE.get(region, 0.0)
        serial = "".join(c for c in station.serial_on(day) if c.isdigit()).lstrip("0")
        stamp = f"{serial}.{day:%Y%m%d}{station.index + 1}.{number}"
        root = {
            "siemens": "1.3.12.2.1107.5.2",
            "ge": "1.2.840.113619.2",
            "philips": "1.3.46.670589.11",
            "canon": "1.2.392.200036.9116.4.2",
            "hitachi": "1.2.392.200036.9123.100.11",
            "uih": "1.2.156.112605.14038",
        }[station.model.vendor]
        plan = StudyPlan(
            uid=f"{root}.{stamp}",
            day=day,
            station=station,
            region=region,
            number=number,
            description=study_description(rng, region, station.site.language, with_agent),
            with_agent=with_agent,
            start_s=start,
            patient=f"{station.index:02d}{rng.randrange(10**7):07d}",
            root=f"{root}.{stamp}",
        )
        _Exam(rng, plan, self._by_place).run()
        return plan


def _copied(plan: StudyPlan) -> StudyPlan:
    """Return the same examination as sent again under new UIDs."""
    copy = replace(plan, uid=f"{plan.root}.77", root=f"{plan.root}.77")
    copy.series = [
        replace(s, uid=s.uid.replace(plan.root, copy.root), is_counted=False) for s in plan.series
    ]
    return copy


class _Exam:
    """Fills one examination with series."""

    def __init__(
        self, rng: random.Random, plan: StudyPlan, by_place: dict[tuple[int, str], list[Protocol]]
    ) -> None:
        self.rng, self.plan, self.station = rng, plan, plan.station
        self.by_place = by_place
        self.pace = rng.choice(self.station.technologists)
        self.now = plan.start_s
        self.number = 0
        self.last_end = plan.start_s
        self.injected = False

    def run(self) -> None:
        """Scan localizers, native and post-contrast sequences, with their mishaps."""
        plan, rng = self.plan, self.rng
        regions = [plan.region]
        if plan.region == "whole spine":
            regions = ["cervical spine", "lumbar spine"]
            regions = [r for r in regions if (self.station.index, r) in self.by_place]
        for region in regions:
            for _ in range(1 + (rng.random() < 0.25)):
                self._localizer(region)
            for protocol in self._chosen(region):
                self._scan(protocol, region)
        plan.scan_sum_s = sum(s.time_s for s in plan.series if s.what in ("scan", "localizer"))
        plan.span_s = self.last_end - plan.start_s
        if rng.random() < 0.02:
            self._append("report", regions[0], LOCALIZER, None)
        if plan.region == "whole spine" or rng.random() < 0.05:
            source = next((s for s in plan.series if s.what == "scan"), None)
            if source is not None:
                self._derive(source, "mpr")

    def _chosen(self, region: str) -> list[Protocol]:
        rng, plan = self.rng, self.plan
        protocols = self.by_place[self.station.index, region]
        chosen: list[Protocol] = []
        spare: list[Protocol] = []
        draws: dict[tuple[str, str], float] = {}
        for protocol in protocols:
            if protocol.phase == "post" and not plan.with_agent:
                continue
            key = (protocol.sequence.role, protocol.phase)  # variants share one draw
            draw = draws.setdefault(key, rng.random())
            if 0 <= draw < protocol.chance:
                chosen.append(protocol)
                draws[key] = -1.0
            else:
                draws[key] = draw - protocol.chance if draw >= 0 else draw
                spare.append(protocol)
        native = [p for p in spare if p.phase == "none" and draws[p.sequence.role, "none"] >= 0]
        if native and rng.random() < 0.06:
            chosen.insert(rng.randint(0, len(chosen)), rng.choice(native))
            plan.has_extra = True
        chosen.sort(key=lambda p: p.phase == "post")
        return chosen or protocols[:1]

    def _scan(self, protocol: Protocol, region: str) -> None:
        rng, plan = self.rng, self.plan
        settings, override = protocol.settings_on(plan.day), False
        if rng.random() < 0.05 and protocol.sequence.family != "dwi":
            settings, override = _overridden(rng, settings)
        if protocol.phase == "post" and not self.injected:
            self.now += rng.uniform(40, 110)
            self.injected = True
        changed = protocol.changed_on is not None and protocol.changed_on <= plan.day
        back = protocol.relapsed_on is not None and protocol.relapsed_on <= plan.day
        repeats = 0.045 + (0.2 if protocol.harmed and changed and not back else 0.0)
        if rng.random() < 0.004:
            series = self._append("scan", region, settings, protocol)
            series.fraction = rng.uniform(0.25, 0.6)
            series.is_override = override
            self._finish(series, protocol)
            rescan = True
        else:
            rescan = False
        again = rng.random() < repeats
        for turn in range(1 + again):
            series = self._append("scan", region, settings, protocol)
            series.is_override = override
            series.is_rescan = rescan or turn > 0
            plan.has_extra = plan.has_extra or series.is_rescan
            self._finish(series, protocol)
            self._seconds(series, protocol)

    def _finish(self, series: SeriesPlan, protocol: Protocol | None) -> None:
        series.is_counted = protocol is not None
        self.last_end = self.now + series.time_s
        self.now = self.last_end + min(90.0, self.rng.uniform(25, 60) * self.pace)

    def _localizer(self, region: str) -> None:
        self._finish(self._append("localizer", region, LOCALIZER, None), None)

    def _seconds(self, series: SeriesPlan, protocol: Protocol) -> None:
        """Add what the scanner makes of one scan: second reconstructions and derived maps."""
        rng, vendor, role = self.rng, self.station.model.vendor, protocol.sequence.role
        if role == "ax DWI":
            self._derive(series, "adc")
        elif protocol.three_d and rng.random() < 0.4:
            self._derive(series, "mpr")
        elif self.station.has_dixon and role in ("sag STIR", "sag PD", "cor PD"):
            self._second(series, "water")
        elif self.station.has_pairs and protocol.anatomy != "brain" and rng.random() < 0.55:
            self._second(series, "nd" if vendor == "siemens" else "delayed")
        elif rng.random() < 0.004:
            self._second(series, "copy")

    def _second(self, series: SeriesPlan, form: str) -> None:
        self.number += 1
        second = replace(series, what="second", form=form, is_counted=False)
        second.number = series.number + 1 if form == "delayed" else self._series_number()
        second.uid = f"{self.plan.root}.{self.number}"
        suffix = {"nd": "_ND", "water": "_W", "copy": ""}.get(form, "")
        second.name = f"e{series.name}" if form == "delayed" else series.name + suffix
        self.plan.series.append(second)

    def _derive(self, series: SeriesPlan, form: str) -> None:
        self.number += 1
        made = replace(series, what="derived", form=form, is_counted=False, is_rescan=False)
        made.number = series.number + 1
        if self.station.model.vendor != "philips":
            made.number = self._series_number()
        made.uid = f"{self.plan.root}.{self.number}"
        made.name = f"{series.name}_ADC" if form == "adc" else f"MPR {series.name}"
        self.plan.series.append(made)

    def _series_number(self) -> int:
        return self.number * 100 + 1 if self.station.model.vendor == "philips" else self.number

    def _append(
        self, what: str, region: str, settings: Settings, protocol: Protocol | None
    ) -> SeriesPlan:
        rng, plan = self.rng, self.plan
        self.number += 1
        series = SeriesPlan(
            f"{plan.root}.{self.number}", self._series_number(), what, settings, self.now, protocol
        )
        plan.series.append(series)
        chance = rng.random()
        if chance > 0.33:
            parts = WRONG_BODY_PARTS if chance > 0.9 else BODY_PARTS[region]
            series.body_part = rng.choice(parts)
        language = self.station.site.language
        if protocol is None:
            series.name = rng.choice(
                ("localizer", "LOC", "3-plane loc", _LOCALIZERS[language], "SCOUT", "Survey")
            )
            series.plain_name = series.name
            return series
        _name(rng, series, protocol, plan)
        lost = 0.2 if self.station.model.vendor == "philips" else 0.03
        series.hides_nex = rng.random() < lost
        series.hides_recon = rng.random() < 0.06
        return series


_LOCALIZERS = {
    "pt": "LOCALIZADOR",
    "es": "LOCALIZADOR",
    "de": "Übersicht",
    "fr": "REPERAGE",
    "it": "Localizzatore",
    "nl": "Scout 3pl",
    "en": "3 PLANE LOC",
}


def _name(rng: random.Random, series: SeriesPlan, protocol: Protocol, plan: StudyPlan) -> None:
    """Write the description, mostly the usual one, and the agent."""
    names, draw = protocol.names, rng.random()
    flips = 0.04 if protocol.phase == "post" else 0.006
    usual = names[0]
    series.phase = "post" if protocol.phase == "post" else "pre" if plan.with_agent else "none"
    if draw < 1 - flips - 0.1:
        series.name = usual
    else:
        series.name = names[-1] if draw > 1 - flips else rng.choice(names[1:-1])
    if plan.day >= plan.station.renamed_on:
        series.name = f"V6_{series.name.replace(' ', '_')}"
    series.plain_name = usual
    if protocol.phase == "post" and rng.random() > 0.1:
        series.agent = plan.station.agent
    elif protocol.phase == "none" and plan.station.model.vendor == "hitachi":
        series.agent = "off"


def _overridden(rng: random.Random, settings: Settings) -> tuple[Settings, bool]:
    """Return the averages that a technologist chose for one examination."""
    nex = settings.nex + 1 if settings.nex < 2 or rng.random() < 0.4 else settings.nex - 1
    return with_averaging(settings, nex, settings.oversampling), True

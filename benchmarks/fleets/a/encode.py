"""Turns planned examinations into objects of the DICOM JSON model."""

from __future__ import annotations

import datetime as dt
from typing import Any

from benchmarks.fleets.a.classic import image_type, plane_of, sequence_header
from benchmarks.fleets.a.devices import Station
from benchmarks.fleets.a.enhanced import frame_parts, multiframe_header, shared_groups
from benchmarks.fleets.a.plan import SeriesPlan, StudyPlan
from benchmarks.fleets.a.tags import Dataset, element, orientation, position, put

__all__ = ["Encoder"]

MR, ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1"
REPORT = "1.2.840.10008.5.1.4.1.1.88.11"
_AVERAGES = ("00180083",)
_RECON = ("00181100", "00180093", "00180094", "00181316")
_LOCALIZER_PLANES = ("sag", "sag", "sag", "cor", "cor", "ax", "ax")


class Encoder:
    """Writes headers; parts that only depend on a protocol and its settings are kept."""

    def __init__(self) -> None:
        self._headers: dict[tuple[Any, ...], Dataset] = {}
        self._places: dict[tuple[Any, ...], list[Dataset]] = {}
        self._frames: dict[tuple[Any, ...], tuple[Dataset, list[Dataset]]] = {}

    def study(self, plan: StudyPlan) -> list[Dataset]:
        """Return the objects of an examination."""
        base = _study_header(plan)
        objects: list[Dataset] = []
        for series in plan.series:
            if series.what == "report":
                objects.append(_report(base, plan, series))
            elif plan.station.model.flavor == "enhanced" and series.form != "mpr":
                objects.append(self._multiframe(base, plan, series))
            else:
                objects.extend(self._frames_alone(base, plan, series))
        return objects

    def _key(self, station: Station, series: SeriesPlan) -> tuple[Any, ...]:
        index = -1 if series.protocol is None else series.protocol.index
        return station.index, index, series.settings, series.form

    def _frames_alone(self, base: Dataset, plan: StudyPlan, series: SeriesPlan) -> list[Dataset]:
        station, settings = plan.station, series.settings
        key = self._key(station, series)
        header = self._headers.get(key)
        if header is None:
            header = self._headers[key] = sequence_header(station, series)
        data = base | header
        start = _series_header(data, plan, series)
        put(data, "00080016", MR)
        count = _count(station, series)
        _hide(data, station, series)
        _pixels(data, settings)
        for tag in ("00080018", "00080032", "00200013", "00200032", "00200037", "00201041"):
            data[tag] = None
        data = dict(sorted(data.items()))
        places = self._places.get((*key, count))
        if places is None:
            places = self._places[*key, count] = _places(station, series, count)
        return _instances(data, plan, series, start, places)

    def _multiframe(self, base: Dataset, plan: StudyPlan, series: SeriesPlan) -> Dataset:
        station, settings = plan.station, series.settings
        frames = _count(station, series)
        key = (*self._key(station, series), series.hides_nex, frames)
        plane = plane_of(series)
        if key not in self._frames:
            parts = frame_parts(station, series, frames, plane)
            self._frames[key] = shared_groups(station, series), parts
        shared, parts = self._frames[key]
        data = base | multiframe_header(station, series, frames)
        start = _series_header(data, plan, series)
        put(data, "00080016", ENHANCED_MR)
        put(data, "00080018", f"{series.uid}.1")
        put(data, "0008002A", f"{start:%Y%m%d%H%M%S}.{start.microsecond:06d}")
        put(data, "00200013", 1)
        _pixels(data, settings)
        kind = data["00080008"]["Value"]
        data["52009229"] = {"vr": "SQ", "Value": [shared]}
        moment = data["0008002A"]
        items = []
        for number, part in enumerate(parts, 1):
            content = {
                "00189074": moment,
                "00189151": moment,
                "00189220": element("FD", round(settings.tr, 1)),
                "00209057": element("UL", number),
                "00209157": element("UL", 1, number),
            }
            item = {**part, "00209111": {"vr": "SQ", "Value": [content]}}
            if kind[0] == "DERIVED" or "ADC" in kind:
                item["00189226"] = {"vr": "SQ", "Value": [{"00089007": element("CS", *kind[:4])}]}
            items.append(item)
        data["52009230"] = {"vr": "SQ", "Value": items}
        return dict(sorted(data.items()))


def _study_header(plan: StudyPlan) -> Dataset:
    station, data = plan.station, Dataset()
    model = station.model
    start = _moment(plan, plan.start_s)
    put(data, "00080005", "ISO_IR 192" if station.index % 3 else "ISO_IR 100")
    put(data, "00080020", f"{plan.day:%Y%m%d}")
    put(data, "00080030", f"{start:%H%M%S}")
    put(data, "00080050", f"A{plan.patient}{plan.number}")
    put(data, "00080060", "MR")
    put(data, "00080070", model.manufacturer)
    put(data, "00080080", station.site.name)
    put(data, "00080090", "")
    put(data, "00081010", station.code)
    put(data, "00081030", plan.description)
    put(data, "00081090", model.name)
    put(data, "00100010", f"PAT{plan.patient}")
    put(data, "00100020", plan.patient)
    put(data, "00100030", f"{1940 + int(plan.patient[-2:]) % 65}0101")
    put(data, "00100040", "F" if int(plan.patient[-1]) % 2 else "M")
    put(data, "00181000", station.serial_on(plan.day))
    put(data, "00181020", *model.software)
    put(data, "0020000D", plan.uid)
    put(data, "00200010", str(plan.number))
    put(data, "00200052", f"{plan.root}.0")
    put(data, "00400244", f"{plan.day:%Y%m%d}")
    return data


def _moment(plan: StudyPlan, seconds: float) -> dt.datetime:
    midnight = dt.datetime.combine(plan.day, dt.time())
    return midnight + dt.timedelta(seconds=round(seconds, 2) + plan.station.clock_s)


def _series_header(data: Dataset, plan: StudyPlan, series: SeriesPlan) -> dt.datetime:
    """Add what is of the series; returns its start by the scanner's clock."""
    start = _moment(plan, series.start_s)
    vendor = plan.station.model.vendor
    shown = start
    if vendor == "siemens":  # when the first image was stored
        shown = start + dt.timedelta(seconds=round(series.time_s, 1))
    put(data, "00080008", *image_type(plan.station, series))
    put(data, "00080021", f"{shown:%Y%m%d}")
    put(data, "00080022", f"{start:%Y%m%d}")
    put(data, "00080023", f"{shown:%Y%m%d}")
    put(data, "00080031", f"{shown:%H%M%S}")
    put(data, "00080033", f"{shown:%H%M%S}")
    put(data, "0008103E", series.name)
    put(data, "00181030", series.plain_name)
    put(data, "0020000E", series.uid)
    put(data, "00200011", series.number)
    put(data, "00200012", 1)
    if series.body_part:
        put(data, "00180015", series.body_part)
    if series.agent:
        put(data, "00180010", series.agent)
    if vendor == "uih":
        put(data, "0008002A", f"{start:%Y%m%d%H%M%S}.{start.microsecond:06d}")
    elif vendor == "philips" and plan.station.model.year < 2010:
        put(data, "0008002A", f"{start:%Y%m%d}")  # the date alone, as old releases write it
    return start


def _count(station: Station, series: SeriesPlan) -> int:
    settings = series.settings
    count = settings.slices
    if series.form == "mpr":
        return 6
    if settings.family == "dwi" and series.form != "adc":
        count *= 2 if station.model.vendor != "canon" else 1
    return max(3, round(count * series.fraction))


def _hide(data: Dataset, station: Station, series: SeriesPlan) -> None:
    """Leave out what this header lacks."""
    if series.hides_nex:
        for tag in _AVERAGES:
            data.pop(tag, None)
        if station.model.vendor == "ge":
            data.pop(f"0027{16 + station.index % 3:02X}62", None)
        if station.model.vendor == "philips" and series.number % 200 == 1:
            data.pop(f"2001{16 + station.index % 2:02X}88", None)
    if series.hides_recon:
        for tag in _RECON:
            data.pop(tag, None)


def _pixels(data: Dataset, settings: Any) -> None:
    size = settings.columns * 2 if settings.columns < 256 else settings.columns
    put(data, "00280002", 1)
    put(data, "00280004", "MONOCHROME2")
    put(data, "00280010", size)
    put(data, "00280011", size)
    put(data, "00280030", round(settings.fov / size, 5), round(settings.fov / size, 5))
    put(data, "00280100", 16)
    put(data, "00280101", 12)
    put(data, "00280102", 11)
    put(data, "00280103", 0)


def _places(station: Station, series: SeriesPlan, count: int) -> list[Dataset]:
    """Return what tells one image of a series from the next, but for its UID."""
    settings = series.settings
    step, half = settings.thickness + settings.gap, settings.fov / 2
    diffusion = settings.family == "dwi" and series.form != "adc"
    repeated = diffusion and station.model.vendor != "canon"
    slices = count // 2 if repeated else count
    places = []
    for number in range(1, count + 1):
        plane = plane_of(series)
        if series.what == "localizer":
            plane = _LOCALIZER_PLANES[(number - 1) % len(_LOCALIZER_PLANES)]
        offset = ((number - 1) % slices - (slices - 1) / 2) * step
        place = Dataset()
        put(place, "00200013", number)
        put(place, "00200032", *position(plane, offset, half))
        put(place, "00200037", *orientation(plane))
        put(place, "00201041", round(offset, 3))
        if diffusion:
            put(place, "00189087", 0 if repeated and number <= slices else 1000)
        places.append(place)
    return places


def _instances(
    data: Dataset, plan: StudyPlan, series: SeriesPlan, start: dt.datetime, places: list[Dataset]
) -> list[Dataset]:
    vendor = plan.station.model.vendor
    if vendor == "uih":  # has AcquisitionDateTime alone
        del data["00080032"]
    else:
        fraction = "" if vendor == "ge" else f".{start.microsecond // 10000:02d}0000"
        put(data, "00080032", f"{start:%H%M%S}{fraction}")
    stem, objects = f"{series.uid}.", []
    for number, place in enumerate(places, 1):
        one = data | place
        one["00080018"] = {"vr": "UI", "Value": [f"{stem}{number}"]}
        objects.append(one)
    return objects


def _report(base: Dataset, plan: StudyPlan, series: SeriesPlan) -> Dataset:
    data = dict(base)
    start = _moment(plan, series.start_s)
    put(data, "00080016", REPORT)
    put(data, "00080018", f"{series.uid}.1")
    put(data, "00080060", "SR")
    put(data, "00080023", f"{start:%Y%m%d}")
    put(data, "00080033", f"{start:%H%M%S}")
    put(data, "0008103E", "Report")
    put(data, "0020000E", series.uid)
    put(data, "00200011", 990 + plan.number)
    put(data, "00200013", 1)
    return dict(sorted(data.items()))

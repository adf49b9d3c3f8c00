"""Headers of multi-frame objects of Siemens and Philips."""

from __future__ import annotations

import numpy as np

from benchmarks.fleets.a.devices import Station
from benchmarks.fleets.a.physics import Settings
from benchmarks.fleets.a.plan import SeriesPlan
from benchmarks.fleets.a.tags import Dataset, Private, orientation, position, put

__all__ = ["frame_parts", "multiframe_header", "shared_groups"]


def _sequence(item: Dataset) -> Dataset:
    return {"vr": "SQ", "Value": [item]}


def multiframe_header(station: Station, series: SeriesPlan, frames: int) -> Dataset:
    """Return what stands at the top of the object, but for who and when."""
    settings, siemens, data = series.settings, station.model.vendor == "siemens", Dataset()
    put(data, "00180023", "3D" if settings.family == "gre3d" else "2D")
    put(data, "00180087", station.model.field_t)
    put(data, "00180088", round(settings.thickness + settings.gap, 3))
    put(data, "00185100", "HFS")
    put(data, "00189004", "PRODUCT")
    names = {"tse": "tse2d1", "ir": "tir2d1", "gre3d": "me3d1r", "dwi": "ep_b1000", "loc": "fl2d1"}
    name = f"*{names[settings.family]}_{settings.etl}" if siemens else "TSE"
    put(data, "00189005", name)
    echo = settings.family in ("tse", "ir", "dwi")
    put(data, "00189008", "SPIN" if echo else "GRADIENT")
    put(data, "00189012", "NO")
    put(data, "00189014", "NO")
    put(data, "00189018", "YES" if settings.family == "dwi" else "NO")
    put(data, "00189032", "RECTILINEAR")
    put(data, "00189073", settings.bare_time_s if siemens else settings.scan_time_s)
    put(data, "00280008", frames)
    if siemens:
        private = Private(data, "0021", 18 + station.index % 2, "SIEMENS MR SDR 01")
        private.put("01", "LO", "ACQUISITION")
        return data
    shift = station.index % 2
    first = Private(data, "2001", 16 + shift, "Philips Imaging DD 001")
    first.put("18", "SL", settings.slices)
    third = Private(data, "2005", 16 + shift, "Philips MR Imaging DD 001")
    third.put("33", "FL", float(np.float32(settings.scan_time_s)))
    return data


def _timing(settings: Settings) -> Dataset:
    item = Dataset()
    put(item, "00180080", settings.tr)
    put(item, "00181314", settings.flip)
    spin = settings.family in ("tse", "ir")
    put(item, "00189240", settings.etl if spin else 0)
    put(item, "00189241", settings.lines // 2 if settings.family == "dwi" else 0)
    return item


def _modifier(station: Station, series: SeriesPlan) -> Dataset:
    settings, item = series.settings, Dataset()
    put(item, "00189009", "YES" if settings.ti else "NO")
    if settings.ti:
        item["00189079"] = {"vr": "FD", "Value": [settings.ti]}
    fat = series.protocol is not None and series.protocol.sequence.fat_suppressed
    spectral = "FAT" if fat and settings.family == "tse" else "NONE"
    put(item, "00189026", spectral)
    put(item, "00189077", "YES" if settings.acceleration > 1 else "NO")
    if settings.acceleration > 1:
        siemens = station.model.vendor == "siemens"
        put(item, "00189078", "GRAPPA" if siemens else "SENSE")
        put(item, "00189069", settings.acceleration)
        put(item, "00189155", 1)
    put(item, "00189081", "YES" if settings.partial_fourier < 1 else "NO")
    if settings.partial_fourier < 1:
        put(item, "00189036", "PHASE")
    return item


def _geometry(station: Station, settings: Settings) -> Dataset:
    item, siemens = Dataset(), station.model.vendor == "siemens"
    put(item, "00180093", round(100 * settings.lines / settings.columns, 3))
    put(item, "00180094", 100)
    put(item, "00181312", "COLUMN")
    put(item, "00189058", settings.columns)
    put(item, "00189231", settings.lines if siemens else settings.oversampled_lines)
    if settings.family == "gre3d":
        put(item, "00189232", settings.slices)
    return item


def _average(settings: Settings) -> Dataset:
    item = Dataset()
    put(item, "00180083", settings.nex)
    return _sequence(item)


def shared_groups(station: Station, series: SeriesPlan) -> Dataset:
    """Return the functional groups that all frames have in common."""
    settings, item = series.settings, Dataset()
    pixel = Dataset()
    put(pixel, "00180095", settings.bandwidth)
    item["00189006"] = _sequence(pixel)
    item["00189112"] = _sequence(_timing(settings))
    item["00189115"] = _sequence(_modifier(station, series))
    item["00189125"] = _sequence(_geometry(station, settings))
    measures = Dataset()
    put(measures, "00180050", settings.thickness)
    put(measures, "00180088", round(settings.thickness + settings.gap, 3))
    spacing = round(settings.fov / settings.columns, 5)
    put(measures, "00280030", spacing, spacing)
    item["00289110"] = _sequence(measures)
    if station.model.vendor == "siemens":
        block = 16 + station.index % 2
        inner = Dataset()
        private = Private(inner, "0021", block, "SIEMENS MR SDS 01")
        if settings.acceleration > 1:
            private.put("09", "LO", f"p{settings.acceleration:.0f}")
        if settings.partial_fourier < 1:
            private.put("5C", "CS", "PFP")
        outer = Private(item, "0021", block, "SIEMENS MR SDS 01")
        item[f"{outer.prefix}FE"] = _sequence(inner)
    elif not series.hides_nex and station.index % 2:
        item["00189119"] = _average(settings)  # Philips puts them here or in the frames
    return item


def frame_parts(station: Station, series: SeriesPlan, frames: int, plane: str) -> list[Dataset]:
    """Return the groups of each frame, without its times; to be copied, not changed."""
    settings, parts = series.settings, []
    echo, kind, turned = Dataset(), Dataset(), Dataset()
    put(echo, "00189082", settings.te)
    put(kind, "00089007", "ORIGINAL", "PRIMARY", "M", "NONE")
    put(turned, "00200037", *orientation(plane))
    shared_average = station.model.vendor != "siemens" and station.index % 2
    for number in range(frames):
        place, item = Dataset(), Dataset()
        step = settings.thickness + settings.gap
        offset = (number - (frames - 1) / 2) * step
        put(place, "00200032", *position(plane, offset, settings.fov / 2))
        item["00189114"] = _sequence(echo)
        if not series.hides_nex and not shared_average:
            item["00189119"] = _average(settings)
        item["00189226"] = _sequence(kind)
        item["00209113"] = _sequence(place)
        item["00209116"] = _sequence(turned)
        parts.append(item)
    return parts

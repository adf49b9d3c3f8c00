"""Headers of single-frame objects: what all vendors write and the fields of each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.fleets.a.devices import Station
from benchmarks.fleets.a.physics import Settings
from benchmarks.fleets.a.plan import SeriesPlan
from benchmarks.fleets.a.tags import Dataset, Private, put

__all__ = ["image_type", "plane_of", "sequence_header", "stated_text", "time_text"]


def plane_of(series: SeriesPlan) -> str:
    """Return the plane of a series; a localizer starts sagittal."""
    return series.protocol.sequence.role.split()[0] if series.protocol else "sag"


def time_text(seconds: float, colon: bool) -> str:
    """Return an acquisition time as Siemens prints it: ``TA 01:49`` or ``TA 33.00``."""
    head = "TA: " if colon else "TA "
    if seconds < 59.5:
        return f"{head}{seconds:05.2f}"
    whole = round(seconds)
    return f"{head}{whole // 60:02d}:{whole % 60:02d}"


def stated_text(settings: Settings, colon: bool) -> str:
    """Return the time of one concatenation and how many there are."""
    text = time_text(settings.bare_time_s / settings.packages, colon)
    return text if settings.packages == 1 else f"{text}*{settings.packages}"


def image_type(station: Station, series: SeriesPlan) -> list[str]:
    """Return ImageType."""
    vendor, form = station.model.vendor, series.form
    if form == "mpr":
        return ["DERIVED", "SECONDARY", "MPR"]
    if form == "adc":
        if vendor == "philips":
            return ["ORIGINAL", "PRIMARY", "ADC", "ADC"]
        return ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]
    family = series.settings.family
    if vendor == "philips":
        kind = "FFE" if family in ("gre3d", "loc") else "IR" if family == "ir" else "SE"
        return ["ORIGINAL", "PRIMARY", "W" if form == "water" else f"M_{kind}", "M", kind]
    if vendor in ("ge", "hitachi"):
        return ["ORIGINAL", "PRIMARY", "DIXON" if form == "water" else "OTHER"]
    if vendor == "canon":
        return ["ORIGINAL", "PRIMARY", "WATER"] if form == "water" else ["ORIGINAL", "PRIMARY"]
    tail = {"water": ["DIXON", "WATER"], "nd": ["M", "ND"]}.get(form, ["M", "NORM", "DIS2D"])
    if family == "dwi":
        tail = ["DIFFUSION", "NONE", "NORM", "DIS2D"]
    split = ["MFSPLIT"] if station.model.flavor == "xa" else []
    return ["ORIGINAL", "PRIMARY", *tail, *split]


_SCANNING = {"tse": ["SE"], "ir": ["SE", "IR"], "gre3d": ["GR"], "dwi": ["SE", "EP"], "loc": ["GR"]}


def sequence_header(station: Station, series: SeriesPlan) -> Dataset:
    """Return what depends on the scanner, the protocol and its settings alone."""
    settings, vendor, data = series.settings, station.model.vendor, Dataset()
    scanning = _SCANNING[settings.family]
    put(data, "00180020", *(scanning[::-1] if vendor == "ge" else scanning))
    put(data, "00180021", *(["SK", "SP"] if settings.family in ("tse", "ir") else ["SP"]))
    put(data, "00180022", *_scan_options(station, series))
    put(data, "00180023", "3D" if settings.family == "gre3d" else "2D")
    put(data, "00180025", "N")
    put(data, "00180050", settings.thickness)
    put(data, "00180080", settings.tr)
    put(data, "00180081", settings.te)
    if settings.ti:
        put(data, "00180082", settings.ti)
    put(data, "00180083", settings.nex / 2 if settings.no_phase_wrap else settings.nex)
    put(data, "00180084", round(42.577 * station.model.field_t, 4))
    put(data, "00180085", "1H")
    put(data, "00180086", 1)
    put(data, "00180087", station.model.field_t)
    put(data, "00180088", round(settings.thickness + settings.gap, 3))
    put(data, "00180091", _train(vendor, settings))
    put(data, "00180093", round(100 * settings.lines / settings.columns, 3))
    put(data, "00180094", 100)
    put(data, "00180095", settings.bandwidth)
    put(data, "00181100", settings.fov)
    put(data, "00181250", {"siemens": "Spine_32", "ge": "CTL456"}.get(vendor, "SPINE"))
    put(data, "00181310", settings.columns, 0, 0, settings.lines)
    put(data, "00181312", "COL")
    put(data, "00181314", settings.flip)
    put(data, "00181316", 0.41)
    put(data, "00185100", "HFS")
    if settings.family == "dwi":
        put(data, "00189087", 1000)
    _VENDORS[vendor](data, station, series)
    return data


def _train(vendor: str, settings: Settings) -> int:
    if settings.family == "dwi" and vendor in ("siemens", "philips"):
        return settings.lines // 2
    return settings.etl


def _scan_options(station: Station, series: SeriesPlan) -> list[str]:
    settings, vendor = series.settings, station.model.vendor
    options = []
    if series.protocol and series.protocol.sequence.fat_suppressed and settings.family == "tse":
        options.append("FS")
    if settings.partial_fourier < 1:
        options.insert(0, "PFP")
    if vendor != "ge":
        return options
    options = [*options, "EDR_GEMS", "TRF_GEMS", "FILTERED_GEMS"]
    if settings.no_phase_wrap:
        options.append("NPW")
    return [*options, "ACC_GEMS"] if settings.acceleration > 1 else options


def _siemens(data: Dataset, station: Station, series: SeriesPlan) -> None:
    settings, new = series.settings, station.model.flavor == "xa"
    steps = round(settings.oversampled_lines * settings.partial_fourier)
    put(data, "00180089", settings.lines if new else steps)
    names = {"tse": "tse2d1", "ir": "tir2d1", "gre3d": "me3d1r", "dwi": "ep_b1000", "loc": "fl2d1"}
    tail = f"_{settings.etl}" if settings.etl > 1 else ""
    put(data, "00180024", f"*{names[settings.family]}{tail}")
    place = f"p{settings.acceleration:.0f}"
    block = 16 + station.index % 2
    private = Private(data, "0051", block, "SIEMENS MR HEADER")
    private.put("08", "CS", "IMAGE NUM 4")
    private.put("09", "LO", "1.0")
    private.put("0A", "LO", stated_text(settings, new))
    private.put("0B", "LO", f"{settings.lines}*{settings.columns}")
    private.put("0C", "LO", f"FoV {settings.fov:.0f}*{settings.fov:.0f}")
    private.put("0E", "LO", {"sag": "Sag", "ax": "Tra", "cor": "Cor"}[plane_of(series)])
    private.put("17", "SH", f"SL {settings.thickness:g}")
    if new:
        shared = Private(data, "0021", block + 1, "SIEMENS MR SDS 01")
        if settings.acceleration > 1:
            shared.put("09", "LO", place)
        texts = image_type(station, series)
        if station.model.deep_learning and settings.family in ("tse", "ir"):
            texts = [*texts[:4], "DRB", *texts[4:]]
        Private(data, "0021", block + 3, "SIEMENS MR SDI 02").put("75", "CS", *texts)
        return
    if settings.acceleration > 1:
        private.put("11", "LO", place)
    half = "/PFP" if settings.partial_fourier < 1 else ""
    private.put("19", "LO", f"A{settings.nex:.0f}{half}")
    Private(data, "0019", block, "SIEMENS MR HEADER").put("0B", "DS", settings.thickness)


def _ge(data: Dataset, station: Station, series: SeriesPlan) -> None:
    settings, block = series.settings, 16 + station.index % 3
    stated = float(np.float32(settings.scan_time_s * 1e6))
    Private(data, "0009", 16, "GEMS_IDEN_01").put("02", "SH", station.code[:4])
    acquisition = Private(data, "0019", block, "GEMS_ACQU_01")
    acquisition.put("5A", "FL", stated)
    family = {"tse": "FSE-XL", "ir": "FSE-IR", "gre3d": "MERGE", "dwi": "EPI2", "loc": "SSFSE"}
    acquisition.put("9C", "LO", family[settings.family])
    relation = Private(data, "0021", block, "GEMS_RELA_01")
    relation.put("4F", "SS", -(-settings.slices // settings.packages))
    Private(data, "0025", block, "GEMS_SERS_01").put("11", "SS", settings.packages)
    image = Private(data, "0027", block, "GEMS_IMAG_01")
    image.put("60", "FL", settings.columns)
    image.put("61", "FL", settings.lines)
    image.put("62", "FL", settings.nex)
    parameters = Private(data, "0043", block, "GEMS_PARM_01")
    parameters.put("83", "DS", round(1 / settings.acceleration, 6), 1)
    parameters.put("96", "CS", "PRODUCT")
    if station.model.deep_learning and settings.family in ("tse", "ir"):
        parameters.put("CA", "LO", "0.75", "High")
    put(data, "00181310", 0, settings.columns, settings.lines, 0)
    put(data, "00181312", "ROW")


def _philips(data: Dataset, station: Station, series: SeriesPlan) -> None:
    settings, shift = series.settings, station.index % 2
    put(data, "00180089", settings.oversampled_lines)
    if station.model.year > 2010:
        put(data, "00189073", settings.scan_time_s)
    first = Private(data, "2001", 16 + shift, "Philips Imaging DD 001")
    first.put("13", "SL", settings.etl if settings.family == "dwi" else 1)
    first.put("18", "SL", settings.slices)
    first.put("20", "LO", {"gre3d": "T1FFE", "dwi": "DwiSE"}.get(settings.family, "TSE"))
    first.put("83", "DS", round(42.577 * station.model.field_t, 4))
    first.put("88", "DS", settings.nex)
    third = Private(data, "2005", 16 + shift, "Philips MR Imaging DD 001")
    third.put("33", "FL", float(np.float32(settings.scan_time_s)))
    third.put("37", "CS", "N")
    item = Dataset()
    put(item, "00189005", {"gre3d": "FFE", "dwi": "DwiSE"}.get(settings.family, "TSE"))
    put(item, "00189069", settings.acceleration)
    put(item, "00189077", "YES" if settings.acceleration > 1 else "NO")
    put(item, "00189078", *(["SENSE"] if settings.acceleration > 1 else []))
    put(item, "00189081", "YES" if settings.partial_fourier < 1 else "NO")
    put(item, "00189155", 1)
    put(item, "00189231", settings.oversampled_lines)
    put(item, "00189232", settings.slices if settings.family == "gre3d" else 1)
    fifth = Private(data, "2005", 20 + shift, "Philips MR Imaging DD 005")
    data[f"{fifth.prefix}0F"] = {"vr": "SQ", "Value": [item]}
    fifth.put("10", "IS", 2147483647)


def _canon(data: Dataset, station: Station, series: SeriesPlan) -> None:
    settings = series.settings
    put(data, "00180089", round(settings.oversampled_lines / settings.acceleration))
    put(data, "00180024", f"FSE{settings.etl}" if settings.etl > 1 else "FE3D")
    put(data, "00189073", round(settings.scan_time_s, 2))
    if settings.acceleration > 1:
        put(data, "00189077", "YES")
        put(data, "00189078", "SPEEDER")
        put(data, "00189069", settings.acceleration)
    private = Private(data, "700D", 16 + station.index % 2, "TOSHIBA_MEC_MR3^10")
    private.put("14", "SL", 0)
    private.put("18", "SS", 0)


def _hitachi(data: Dataset, station: Station, series: SeriesPlan) -> None:
    settings = series.settings
    put(data, "00180089", settings.oversampled_lines)
    if station.model.year > 2015:
        put(data, "00189073", round(settings.scan_time_s, 1))
    if settings.acceleration > 1:
        put(data, "00189077", "YES")
        put(data, "00189069", settings.acceleration)


def _uih(data: Dataset, station: Station, series: SeriesPlan) -> None:
    settings = series.settings
    put(data, "00189073", float(round(settings.scan_time_s * 1000)))
    private = Private(data, "0065", 16 + station.index % 2, "Image Private Header")
    if settings.acceleration > 1:
        private.put("0D", "SH", f"{settings.acceleration:.1f}")
    if settings.acceleration > 1:
        put(data, "00189077", "YES")
        put(data, "00189069", settings.acceleration)


_VENDORS: dict[str, Callable[[Dataset, Station, SeriesPlan], None]] = {
    "siemens": _siemens,
    "ge": _ge,
    "philips": _philips,
    "canon": _canon,
    "hitachi": _hitachi,
    "uih": _uih,
}

"""Enhanced MR objects of Siemens XA and Philips: one object a series, values in its groups."""

from __future__ import annotations

from typing import Any

from benchmarks.fleets.b.devices import Device
from benchmarks.fleets.b.exams import ExamPlan, SeriesPlan
from benchmarks.fleets.b.headers import (
    ENHANCED_MR,
    ORIENTATION,
    Header,
    exam_part,
    format_clock,
    is_column_phase,
    make_element,
    position,
)
from benchmarks.fleets.b.physics import Scan
from benchmarks.fleets.b.vendors import image_type

__all__ = ["encode_enhanced"]


def _group(*parts: Header) -> dict[str, Any]:
    return make_element("SQ", *parts)


def _shared(scan: Scan, is_siemens: bool) -> Header:
    """Make the functional groups that all frames share."""
    is_fast = scan.acceleration > 1
    train = 0 if scan.family in ("gre", "localizer") else scan.etl
    technique = "GRAPPA" if is_siemens else "SENSE"
    timing: Header = {
        "00180080": make_element("DS", scan.tr_ms),
        "00180091": make_element("IS", max(1, train)),
        "00181314": make_element("DS", scan.flip),
        "00189240": make_element("US", 1 if scan.family == "epi" else train),
        "00189241": make_element("US", scan.etl if scan.family == "epi" else 0),
    }
    modifier: Header = {
        "00189009": make_element("CS", "YES" if scan.ti_ms else "NO"),
        "00189069": make_element("FD", float(scan.acceleration)),
        "00189077": make_element("CS", "YES" if is_fast else "NO"),
        "00189081": make_element("CS", "YES" if scan.partial_fourier < 1 else "NO"),
        "00189155": make_element("FD", 1.0),
    }
    if is_fast:
        modifier["00189078"] = make_element("CS", technique)
    if scan.ti_ms:
        modifier["00189079"] = make_element("FD", scan.ti_ms)
    geometry: Header = {
        "00180093": make_element("DS", round(100 * scan.lines / scan.columns, 2)),
        "00180094": make_element("DS", 100),
        "00181312": make_element("CS", "COLUMN" if is_column_phase(scan) else "ROW"),
        "00189058": make_element("US", scan.columns),
        "00189231": make_element("US", scan.lines),
        "00189232": make_element("US", scan.slices if scan.is_3d else 1),
    }
    shared: Header = {
        "00189006": _group({"00180095": make_element("DS", scan.bandwidth)}),
        "00189042": _group({"00181250": make_element("SH", "SpineMatrix")}),
        "00189112": _group(timing),
        "00189115": _group(modifier),
        "00189125": _group(geometry),
    }
    if is_siemens:
        inner: Header = {"00210010": make_element("LO", "SIEMENS MR SDS 01")}
        if is_fast:
            inner["00211009"] = make_element("LO", f"p{scan.acceleration:g}")
        shared["00210010"] = make_element("LO", "SIEMENS MR SDS 01")
        shared["002110FE"] = _group(inner)
    return shared


def _frames(
    scan: Scan, kind: list[str], nex: float | None, count: int, in_frames: bool
) -> list[Header]:
    spacing = round(scan.fov_mm / scan.columns, 5)
    fixed: Header = {
        "00189114": _group({"00189082": make_element("FD", scan.te_ms)}),
        "00189226": _group({"00089007": make_element("CS", *kind)}),
        "00209116": _group({"00200037": make_element("DS", *ORIENTATION[scan.plane])}),
        "00289110": _group(
            {
                "00180050": make_element("DS", scan.thickness_mm),
                "00280030": make_element("DS", spacing, spacing),
            }
        ),
    }
    if nex is not None and in_frames:
        fixed["00189119"] = _group({"00180083": make_element("DS", nex)})
    return [
        {**fixed, "00209113": _group({"00200032": make_element("DS", *position(scan, i))})}
        for i in range(count)
    ]


def _siemens_frame(device: Device, scan: Scan) -> Header:
    """Make the private group of a Siemens frame: R and the marks of the reconstruction."""
    marks = ["DRB", "DRG"] if device.has_dl else []
    inner: Header = {
        "00210011": make_element("LO", "SIEMENS MR SDI 02"),
        "00211158": make_element("SH", f"{scan.lines}*{scan.columns}"),
        "00211175": make_element("CS", "ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D", *marks),
    }
    if scan.acceleration > 1:
        inner["00211156"] = make_element("LO", f"p{scan.acceleration:g}")
    return {
        "00210011": make_element("LO", "SIEMENS MR SDI 02"),
        "002111FE": _group(dict(sorted(inner.items()))),
    }


def encode_enhanced(
    exam: ExamPlan, series: SeriesPlan, series_uid: str, nex: float
) -> dict[str, Any]:
    """Encode a series as one enhanced object.

    Args:
        exam: The exam.
        series: Its series.
        series_uid: SeriesInstanceUID.
        nex: As the console shows it.
    """
    device, scan = exam.device, series.scan
    is_siemens = device.model.vendor == "Siemens"
    kind = image_type(device, series.content)[:4]
    kind += ["NONE"] * (4 - len(kind))
    part = exam_part(exam, series, series_uid)
    date, clock = format_clock(exam, series.start_s)
    for tag in ("00080022", "00080032"):
        del part[tag]
    inverse = "YES" if series.content in ("adc", "mpr", "compose") else "NO"
    part |= {
        "00080008": make_element("CS", *kind),
        "00080016": make_element("UI", ENHANCED_MR),
        "00080018": make_element("UI", f"{series_uid}.1"),
        "00080023": make_element("DA", date),
        "0008002A": make_element("DT", f"{date}{clock}"),
        "00089205": make_element("CS", "MONOCHROME"),
        "00089208": make_element("CS", "MAGNITUDE"),
        "00180023": make_element("CS", "3D" if scan.is_3d else "2D"),
        "00180087": make_element("DS", device.model.field),
        "00189004": make_element("CS", "PRODUCT"),
        "00189005": make_element("SH", f"*tse2d1_{scan.etl}" if is_siemens else "TSE"),
        "00189008": make_element("CS", "GRADIENT" if scan.etl == 1 else "SPIN"),
        "00189018": make_element("CS", "YES" if scan.family == "epi" else "NO"),
        "00189025": make_element("CS", "FAT" if scan.fat in ("fs", "spair") else "NONE"),
        "00189029": make_element("CS", "2D" if scan.oversampling else "NONE"),
        "00189032": make_element("CS", "RECTILINEAR"),
        "00189073": make_element("FD", scan.scan_time_s),
        "00280008": make_element("IS", series.instances),
        "00280010": make_element("US", scan.columns),
        "00280011": make_element("US", scan.columns),
        "00280301": make_element("CS", "NO"),
    }
    if inverse == "YES":
        del part["00189073"]
    shown = None if series.lacks_nex else nex
    in_frames = is_siemens or device.index % 2 == 0
    shared = _shared(scan, is_siemens)
    if shown is not None and not in_frames:
        shared["00189119"] = _group({"00180083": make_element("DS", shown)})
    if scan.family == "epi":
        value = {"00189087": make_element("FD", 1000)}
        shared["00189117"] = _group(value)
    private = _siemens_frame(device, scan) if is_siemens else {}
    frames = _frames(scan, kind, shown, series.instances, in_frames)
    part["52009229"] = _group(dict(sorted(shared.items())))
    part["52009230"] = _group(*(dict(sorted((frame | private).items())) for frame in frames))
    return dict(sorted(part.items()))

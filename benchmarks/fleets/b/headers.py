"""What all vendors write in the same way: elements, identity, times and geometry."""

from __future__ import annotations

import datetime as dt
from typing import Any

from benchmarks.fleets.b.devices import Device
from benchmarks.fleets.b.exams import ExamPlan, SeriesPlan
from benchmarks.fleets.b.physics import Scan

__all__ = [
    "ENHANCED_MR",
    "MR_IMAGE",
    "ORIENTATION",
    "Header",
    "exam_part",
    "format_clock",
    "make_element",
    "matrix",
    "position",
    "scan_part",
]

Header = dict[str, dict[str, Any]]
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
_REPORT = "1.2.840.10008.5.1.4.1.1.88.22"
ORIENTATION: dict[str, list[float]] = {
    "sag": [0.0, 0.999657, -0.026177, 0.0, -0.026177, -0.999657],
    "ax": [1.0, 0.0, 0.0, 0.0, 0.994522, -0.104528],
    "cor": [1.0, 0.0, 0.0, 0.0, -0.052336, -0.99863],
}
_NORMAL_AXIS = {"sag": 0, "ax": 2, "cor": 1}


def make_element(vr: str, *values: Any) -> dict[str, Any]:
    """Make an element of the DICOM JSON model; without values it is empty."""
    if not values:
        return {"vr": vr}
    if vr == "PN":
        return {"vr": vr, "Value": [{"Alphabetic": value} for value in values]}
    return {"vr": vr, "Value": list(values)}


def format_clock(exam: ExamPlan, seconds: float) -> tuple[str, str]:
    """Give date and time as this scanner's clock shows them."""
    shown = dt.datetime.combine(exam.date, dt.time()) + dt.timedelta(
        seconds=seconds + exam.device.clock_s
    )
    return f"{shown:%Y%m%d}", f"{shown:%H%M%S}.{shown.microsecond:06d}"


def is_column_phase(scan: Scan) -> bool:
    """Whether the phase runs along the columns of the image."""
    return scan.plane != "cor"


def matrix(scan: Scan) -> list[int]:
    """Give AcquisitionMatrix."""
    if is_column_phase(scan):
        return [scan.columns, 0, 0, scan.lines]
    return [0, scan.columns, scan.lines, 0]


def position(scan: Scan, index: int) -> list[float]:
    """Give ImagePositionPatient of a slice."""
    half = -scan.fov_mm / 2
    place = {"sag": [0.0, half, -half], "ax": [half, half, 0.0], "cor": [half, 0.0, -half]}
    result = place[scan.plane]
    gap = scan.thickness_mm * (1.0 if scan.is_3d else 1.1)
    result[_NORMAL_AXIS[scan.plane]] = round((index - scan.slices / 2) * gap, 4)
    return result


def exam_part(exam: ExamPlan, series: SeriesPlan, series_uid: str) -> Header:
    """Make the elements that an exam and a series give to each of their objects."""
    date, start = format_clock(exam, series.start_s)
    _, study_time = format_clock(exam, exam.series[0].start_s - 40)
    part: Header = {
        "00080005": make_element("CS", "ISO_IR 192"),
        "00080016": make_element("UI", MR_IMAGE),
        "00080018": make_element("UI", series_uid),
        "00080020": make_element("DA", date),
        "00080021": make_element("DA", date),
        "00080022": make_element("DA", date),
        "00080030": make_element("TM", study_time),
        "00080031": make_element("TM", start),
        "00080032": make_element("TM", start),
        "00080050": make_element("SH", f"A{exam.patient[1:]}"),
        "00080060": make_element("CS", "MR"),
        "00080070": make_element("LO", exam.device.model.manufacturer),
        "00080080": make_element("LO", exam.device.site),
        "00081010": make_element("SH", exam.device.station),
        "0008103E": make_element("LO", series.description),
        "00081070": make_element("PN", exam.operator),
        "00081090": make_element("LO", exam.device.model.name),
        "00100010": make_element("PN", f"Synthetic^{exam.patient}"),
        "00100020": make_element("LO", exam.patient),
        "00100030": make_element("DA"),
        "00100040": make_element("CS", "F" if int(exam.patient[-1]) % 2 else "M"),
        "00181000": make_element("LO", exam.serial),
        "00181020": make_element("LO", *exam.device.model.software),
        "0020000D": make_element("UI", exam.study_uid),
        "0020000E": make_element("UI", series_uid),
        "00200010": make_element("SH", exam.patient[-6:]),
        "00200011": make_element("IS", series.number),
        "00200012": make_element("IS", series.acquisition),
        "00200013": make_element("IS", 1),
        "00200052": make_element("UI", f"{exam.study_uid}.0.1"),
    }
    if exam.description:
        part["00081030"] = make_element("LO", exam.description)
    if series.body_part:
        part["00180015"] = make_element("CS", series.body_part)
    if series.agent:
        part["00180010"] = make_element("LO", series.agent)
    if series.content == "report":
        part["00080016"] = make_element("UI", _REPORT)
        part["00080060"] = make_element("CS", "SR")
        for tag in ("00080022", "00080032", "00180015", "00200012", "00200052"):
            part.pop(tag, None)
    elif series.protocol is not None:
        part["00181030"] = make_element("LO", series.protocol.name_in_header)
    else:
        part["00181030"] = make_element("LO", series.description)
    return part


def _sequence(scan: Scan) -> list[str]:
    inverted = ["IR"] if scan.ti_ms else []
    return {"gre": ["GR"], "localizer": ["GR"], "epi": ["EP"]}.get(scan.family, ["SE"]) + inverted


def scan_part(device: Device, scan: Scan, nex: float) -> Header:
    """Make the elements that the settings give to each classic object of a series."""
    spacing = round(scan.fov_mm / scan.columns, 5)
    gap = 1.0 if scan.is_3d else 1.1
    part: Header = {
        "00180020": make_element("CS", *_sequence(scan)),
        "00180021": make_element("CS", *(["SP"] if scan.family == "gre" else ["SK"])),
        "00180022": make_element("CS"),
        "00180023": make_element("CS", "3D" if scan.is_3d else "2D"),
        "00180050": make_element("DS", scan.thickness_mm),
        "00180080": make_element("DS", scan.tr_ms),
        "00180081": make_element("DS", scan.te_ms),
        "00180083": make_element("DS", nex),
        "00180084": make_element("DS", round(42.577 * device.model.field, 4)),
        "00180085": make_element("SH", "1H"),
        "00180086": make_element("IS", 1),
        "00180087": make_element("DS", device.model.field),
        "00180088": make_element("DS", round(scan.thickness_mm * gap, 3)),
        "00180091": make_element("IS", 1 if scan.family in ("gre", "localizer") else scan.etl),
        "00180093": make_element("DS", round(100 * scan.lines / scan.columns, 2)),
        "00180094": make_element("DS", 100),
        "00180095": make_element("DS", scan.bandwidth),
        "00181250": make_element("SH", "SPINE"),
        "00181251": make_element("SH", "BODY"),
        "00181310": make_element("US", *matrix(scan)),
        "00181312": make_element("CS", "COL" if is_column_phase(scan) else "ROW"),
        "00181314": make_element("DS", scan.flip),
        "00185100": make_element("CS", "HFS"),
        "00200032": make_element("DS", *position(scan, 0)),
        "00200037": make_element("DS", *ORIENTATION[scan.plane]),
        "00201041": make_element("DS", 0),
        "00280002": make_element("US", 1),
        "00280004": make_element("CS", "MONOCHROME2"),
        "00280010": make_element("US", scan.columns),
        "00280011": make_element("US", scan.columns),
        "00280030": make_element("DS", spacing, spacing),
        "00280100": make_element("US", 16),
    }
    if scan.ti_ms:
        part["00180082"] = make_element("DS", scan.ti_ms)
    if scan.family == "epi":
        part["00189087"] = make_element("FD", 1000)
    return part

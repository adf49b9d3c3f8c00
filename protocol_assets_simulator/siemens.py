"""Classic Siemens headers (syngo VB, VE): what they measure in, and their private groups.

Phase encoding steps include oversampling and partial Fourier but not parallel imaging, which
stands as `p2` in (0051,1011); the scan time is text in (0051,100A). Layout as in the public
quality-assurance scans of these releases.
"""

from __future__ import annotations

from protocol_assets_simulator.dicom_json import DicomJson, attributes, clock, element
from protocol_assets_simulator.header import TIME_DIGITS
from protocol_assets_simulator.scan import Scan

ROWS_FACTOR = 1
_PLANES = {"sag": "Sag", "cor": "Cor", "ax": "Tra", "three": "Sag"}


def phase_encoding_steps(scan: Scan) -> int:
    """Lines with oversampling and partial Fourier, before parallel imaging."""
    return scan.acquired_lines


def image_type(scan: Scan) -> tuple[str, ...]:
    """ImageType (0008,0008)."""
    if scan.purpose == "derived":
        if scan.protocol.b_value:
            shown = "TRACEW" if scan.sibling == "trace" else "ADC"
            return ("DERIVED", "PRIMARY", "DIFFUSION", shown, "NORM", "DIS2D")
        if scan.is_composed:
            return ("DERIVED", "PRIMARY", "M", "NORM", "DIS2D", "COMP_SP", "COMPOSED")
        return ("DERIVED", "SECONDARY", "MPR", "CSA MPR", "", "CSAPARALLEL", "M", "NORM")
    if scan.protocol.b_value:
        return ("ORIGINAL", "PRIMARY", "DIFFUSION", "NONE", "NORM", "DIS2D")
    match scan.sibling:
        case "unfiltered":
            return ("ORIGINAL", "PRIMARY", "M", "ND")
        case "in_phase" | "out_phase":
            return ("ORIGINAL", "PRIMARY", "M", scan.sibling.upper(), "NORM", "DIS2D")
        case "water" | "fat":
            return ("DERIVED", "PRIMARY", "M", "DIXON", scan.sibling.upper(), "NORM", "DIS2D")
        case _:
            return ("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D")


def time_text(seconds: float) -> str:
    """The TA text: `TA 03:42`, under a minute `TA 33.00`."""
    if round(seconds, 2) < 60:
        return f"TA {seconds:05.2f}"
    minutes, rest = divmod(round(seconds), 60)
    return f"TA {minutes:02d}:{rest:02d}"


def measurements(scan: Scan) -> int:
    """Measurements that the scan is repeated for, which Acquisition Number (0020,0012) counts."""
    return 2 + scan.uid_root % 3 if scan.time_text == "multiplied" else 1


def _stated_time(scan: Scan) -> str:
    match scan.time_text:
        case "too_short":
            return "TA 00.01"
        case "multiplied":
            several = measurements(scan)
            return f"{time_text(scan.duration_s / several)}*{several}"
        case _:
            return time_text(scan.duration_s)


def acquisition_time_s(scan: Scan, image: int) -> float:
    """Start of an image in s after midnight; slices of one repetition follow each other."""
    return scan.start_s + image % scan.slices * scan.tr_ms / 1000 / scan.slices


def series_elements(scan: Scan) -> DicomJson:
    """What a classic Siemens series holds beside the common header."""
    protocol = scan.protocol
    fat = protocol.fat_suppression == "fat"
    # SeriesTime is when the reconstruction was filed, not when the scan started
    filed = scan.study.moment(scan.start_s + scan.duration_s + 4.5)
    standard = attributes(
        {
            "ImageType": image_type(scan),
            "SeriesTime": clock(filed, TIME_DIGITS["siemens"]),
            "ScanOptions": ("FS",) if fat else ("PFP",) if scan.partial_fourier < 1 else (),
            "SequenceName": _sequence_name(scan),
            "NumberOfPhaseEncodingSteps": phase_encoding_steps(scan),
        }
    )
    return standard | _private(scan)


def _sequence_name(scan: Scan) -> str:
    protocol = scan.protocol
    match protocol.kind:
        case "tse":
            return f"*tse2d1_{protocol.echo_train}"
        case "ir_tse":
            return f"*tir2d1_{protocol.echo_train}"
        case "mprage":
            return "*tfl3d1_16ns"
        case "epi":
            return f"*ep_b{protocol.b_value}t"
        case _:
            return "*fl2d1"


def _private(scan: Scan) -> DicomJson:
    protocol = scan.protocol
    fov = f"{protocol.fov_mm:g}"
    parallel = f"p{scan.acceleration}" if scan.acceleration > 1 else ""
    kept = image_type(scan)[2:]
    result = {
        "00190010": element("LO", "SIEMENS MR HEADER"),
        "00191008": element("CS", "IMAGE NUM 4"),
        "00191018": element("IS", round(1e9 / protocol.bandwidth_hz / protocol.matrix_frequency)),
        "00290010": element("LO", "SIEMENS CSA HEADER"),
        "00291008": element("CS", "IMAGE NUM 4"),
        "00510010": element("LO", "SIEMENS MR HEADER"),
        "00511008": element("CS", "IMAGE NUM 4"),
        "0051100A": element("LO", _stated_time(scan)),
        "0051100B": element("LO", f"{protocol.matrix_phase}*{protocol.matrix_frequency}"),
        "0051100C": element("LO", f"FoV {fov}*{fov}"),
        "0051100E": element("LO", _PLANES[protocol.plane]),
        "0051100F": element("LO", scan.study.scanner.coils[scan.study.exam.coil]),
        "00511012": element("SH", "TP 0"),
        "00511016": element("LO", " ".join(filter(None, (parallel, "/".join(filter(None, kept)))))),
        "00511017": element("SH", f"SL {protocol.slice_thickness_mm:.1f}"),
        "00511019": element("LO", f"A{scan.nex:g}"),
    }
    if parallel:
        result["00511011"] = element("LO", parallel)
    if protocol.b_value:
        result["0019100C"] = element("IS", protocol.b_value)
    if scan.purpose == "derived":
        del result["0051100A"]
    return result

"""Classic GE headers: no phase encoding steps, the scan time in microseconds.

The matrix in AcquisitionMatrix is all that tells the lines, ASSET is 1/R, and ProtocolName names
the whole exam. The averages of the console already pay for No Phase Wrap: they are in (0027,xx62),
and (0018,0083) holds half of them where it is on. Layout as in the public quality-assurance scans.
"""

from __future__ import annotations

from protocol_assets_simulator.dicom_json import DicomJson, attributes, element, single
from protocol_assets_simulator.scan import Scan

ROWS_FACTOR = 2


def phase_encoding_steps(scan: Scan) -> int | None:
    """None: (0018,0089) is absent from GE images."""
    del scan
    return None


def image_type(scan: Scan) -> tuple[str, ...]:
    """ImageType (0008,0008)."""
    if scan.purpose == "derived":
        if scan.protocol.b_value:
            return (
                "DERIVED",
                "PRIMARY",
                "DIFFUSION",
                "TRACE" if scan.sibling == "trace" else "ADC",
            )
        if scan.is_composed:
            return ("DERIVED", "SECONDARY", "COMBINED")
        return ("DERIVED", "SECONDARY", "REFORMATTED", "AVERAGE")
    match scan.sibling:
        case "in_phase" | "out_phase":
            return ("ORIGINAL", "PRIMARY", "DIXON", scan.sibling.upper())
        case "water" | "fat":
            return ("DERIVED", "PRIMARY", "DIXON", scan.sibling.upper())
        case _:
            return ("ORIGINAL", "PRIMARY", "OTHER")


def averages_elements(scan: Scan, nex: float) -> DicomJson:
    """The averages of one image: half of the console's under No Phase Wrap, and the console's."""
    standard = nex / 2 if scan.has_no_phase_wrap else nex
    return {"00180083": element("DS", standard), "00271062": element("FL", nex)}


def acquisition_time_s(scan: Scan, image: int) -> float:
    """Start of an image in s after midnight: GE gives every image the start of the scan."""
    del image
    return scan.start_s


def series_elements(scan: Scan) -> DicomJson:
    """What a GE series holds beside the common header."""
    protocol = scan.protocol
    options = ["FAST_GEMS", "TRF_GEMS"] if scan.is_spin_echo_train else ["SAT_GEMS"]
    if scan.has_no_phase_wrap:
        options.append("NPW")
    if scan.acceleration > 1:
        options.append("ACC_GEMS")
    if protocol.fat_suppression == "fat":
        options.append("FS")
    standard = attributes(
        {
            "ImageType": image_type(scan),
            "ProtocolName": scan.study.description,
            "SeriesNumber": scan.number * 100 if scan.purpose == "derived" else scan.number,
            "ScanOptions": options,
            "ImagesInAcquisition": scan.images,
        }
    )
    # microseconds in 32 bits: 50 s reads 50000008
    noise = scan.uid_root % 17
    private = {
        "00190010": element("LO", "GEMS_ACQU_01"),
        "0019105A": element("FL", single(scan.duration_s * 1e6 + noise)),
        "0019109C": element("LO", "FSE-XL" if scan.is_spin_echo_train else "GRE"),
        "00250010": element("LO", "GEMS_SERS_01"),
        "00251007": element("SL", scan.images),
        "00270010": element("LO", "GEMS_IMAG_01"),
        "00430010": element("LO", "GEMS_PARM_01"),
        "0043102F": element("SS", 0),
        "00431083": element("DS", round(1 / scan.acceleration, 6), 1),
    }
    if protocol.b_value:
        private["00431039"] = element("IS", protocol.b_value, 8, 0, 0)
    if scan.purpose == "derived":
        del private["0019105A"]
    if not scan.omits_nex:
        private |= averages_elements(scan, scan.nex)
    return standard | private

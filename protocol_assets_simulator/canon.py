"""Classic Canon and Toshiba headers: AcquisitionDuration, and steps that are no line count.

The phase encoding steps are the lines that were measured: with oversampling, after parallel imaging
(SPEEDER), whose factor is stated. Layout as in the public quality-assurance scans.
"""

from __future__ import annotations

from protocol_assets_simulator.dicom_json import DicomJson, attributes, element
from protocol_assets_simulator.scan import Scan

ROWS_FACTOR = 1


def phase_encoding_steps(scan: Scan) -> int:
    """Lines with oversampling, after parallel imaging."""
    return round(scan.acquired_lines / scan.acceleration)


def image_type(scan: Scan) -> tuple[str, ...]:
    """ImageType (0008,0008)."""
    if scan.purpose == "derived":
        return ("DERIVED", "SECONDARY", "COMPOSED" if scan.is_composed else "MPR")
    return ("ORIGINAL", "PRIMARY", "GDC")


def acquisition_time_s(scan: Scan, image: int) -> float:
    """Start of an image in s after midnight: the start of the scan for all."""
    del image
    return scan.start_s


def series_elements(scan: Scan) -> DicomJson:
    """What a Canon series holds beside the common header."""
    accelerated = scan.acceleration > 1
    standard = attributes(
        {
            "ImageType": image_type(scan),
            "SeriesNumber": scan.number * 1000 + (100 if scan.purpose == "derived" else 0),
            "AcquisitionNumber": scan.acquisition,
            "ScanOptions": ("FS",) if scan.protocol.fat_suppression == "fat" else (),
            "SequenceName": "FSE2D" if scan.is_spin_echo_train else "FE2D",
            "NumberOfPhaseEncodingSteps": phase_encoding_steps(scan),
            "AcquisitionDuration": None if scan.purpose == "derived" else scan.duration_s,
            "ParallelAcquisition": "YES" if accelerated else "NO",
            "ParallelAcquisitionTechnique": "SPEEDER" if accelerated else None,
            "ParallelReductionFactorInPlane": scan.acceleration if accelerated else None,
        }
    )
    return standard | {
        "00290010": element("LO", "TOSHIBA_MEC_MR3"),
        "700D0010": element("LO", "TOSHIBA_MEC_MR3^10"),
        "700D1016": element("LO", "USER PAS", scan.protocol.anatomy.upper()),
    }

"""Classic United Imaging headers: the standard attributes, durations partly in milliseconds.

There are no phase encoding steps: the matrix in AcquisitionMatrix is all that tells the lines.
AcquisitionDuration (0018,9073) is in milliseconds for 3D, and on some systems for all scans.
"""

from __future__ import annotations

from protocol_assets_simulator.dicom_json import DicomJson, attributes, element
from protocol_assets_simulator.scan import Scan

ROWS_FACTOR = 1


def image_type(scan: Scan) -> tuple[str, ...]:
    """ImageType (0008,0008)."""
    if scan.purpose == "derived":
        return ("DERIVED", "SECONDARY", "COMPOSED" if scan.is_composed else "MPR")
    return ("ORIGINAL", "PRIMARY", "M", "SE" if scan.is_spin_echo_train else "GRE")


def acquisition_time_s(scan: Scan, image: int) -> float:
    """Start of an image in s after midnight: the start of the scan for all."""
    del image
    return scan.start_s


def duration(scan: Scan) -> float:
    """AcquisitionDuration as this scanner writes it, in s or ms."""
    is_in_ms = scan.study.scanner.writes == "ms" or scan.protocol.partitions is not None
    return round(scan.duration_s * 1000) if is_in_ms else round(scan.duration_s, 3)


def series_elements(scan: Scan) -> DicomJson:
    """What a United Imaging series holds beside the common header."""
    accelerated = scan.acceleration > 1
    standard = attributes(
        {
            "ImageType": image_type(scan),
            "SeriesNumber": scan.number * 100 + (1 if scan.purpose != "derived" else 2),
            "AcquisitionNumber": scan.acquisition,
            "ScanOptions": ("FS",) if scan.protocol.fat_suppression == "fat" else (),
            "SequenceName": "fse" if scan.is_spin_echo_train else "gre",
            "AcquisitionDuration": None if scan.purpose == "derived" else duration(scan),
            "ParallelAcquisition": "YES" if accelerated else "NO",
            "ParallelReductionFactorInPlane": scan.acceleration if accelerated else None,
        }
    )
    return standard | {"00650010": element("LO", "Image Private Header")}

"""Classic Hitachi headers: the standard attributes alone, the scan time in AcquisitionDuration.

No header of theirs has been measured; what is written follows PS3.3 C.8.3.1.
"""

from __future__ import annotations

from protocol_assets_simulator.dicom_json import DicomJson, attributes
from protocol_assets_simulator.scan import Scan

ROWS_FACTOR = 1


def image_type(scan: Scan) -> tuple[str, ...]:
    """ImageType (0008,0008)."""
    if scan.purpose == "derived":
        return ("DERIVED", "SECONDARY", "COMPOSED" if scan.is_composed else "MPR")
    return ("ORIGINAL", "PRIMARY", "OTHER")


def acquisition_time_s(scan: Scan, image: int) -> float:
    """Start of an image in s after midnight: the start of the scan for all."""
    del image
    return scan.start_s


def series_elements(scan: Scan) -> DicomJson:
    """What a Hitachi series holds beside the common header."""
    accelerated = scan.acceleration > 1
    return attributes(
        {
            "ImageType": image_type(scan),
            "SeriesNumber": scan.number,
            "AcquisitionNumber": scan.acquisition,
            "ScanOptions": ("FS",) if scan.protocol.fat_suppression == "fat" else (),
            "NumberOfPhaseEncodingSteps": scan.acquired_lines,
            "AcquisitionDuration": None if scan.purpose == "derived" else round(scan.duration_s, 1),
            "ParallelAcquisition": "YES" if accelerated else "NO",
            "ParallelAcquisitionTechnique": "RAPID" if accelerated else None,
            "ParallelReductionFactorInPlane": scan.acceleration if accelerated else None,
        }
    )

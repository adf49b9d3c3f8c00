"""Classic Philips headers: averages and scan time a second time in private groups 2001 and 2005.

Steps are reduced neither by SENSE nor by partial Fourier, which stand with the oversampling in a
private sequence of enhanced attributes; raw data objects lie in the same series as the images.
Layout as in the public quality-assurance scans.
"""

from __future__ import annotations

from protocol_assets_simulator.dicom_json import (
    EMPTY,
    DicomJson,
    attributes,
    element,
    ordered,
    single,
)
from protocol_assets_simulator.scan import Scan

ROWS_FACTOR = 1


def phase_encoding_steps(scan: Scan) -> int:
    """Lines before SENSE and partial Fourier."""
    return scan.encoded_lines


def image_type(scan: Scan) -> tuple[str, ...]:
    """ImageType (0008,0008)."""
    if scan.purpose == "derived":
        if scan.protocol.b_value:
            shown = "TRACE" if scan.sibling == "trace" else "ADC"
            return ("DERIVED", "PRIMARY", shown, shown, "SE")
        return ("DERIVED", "SECONDARY", "COMPOSED" if scan.is_composed else "MPR", "M", "SE")
    if scan.sibling:
        shown = {"in_phase": "IP", "out_phase": "OP", "water": "W", "fat": "F"}[scan.sibling]
        status = "ORIGINAL" if shown in ("IP", "OP") else "DERIVED"
        return (status, "PRIMARY", shown, shown, "SE")
    if scan.protocol.kind == "ir_tse":
        return ("ORIGINAL", "PRIMARY", "M_IR", "M", "IR")
    if scan.is_spin_echo_train or scan.protocol.b_value:
        return ("ORIGINAL", "PRIMARY", "M_SE", "M", "SE")
    return ("ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE")


def acquisition_time_s(scan: Scan, image: int) -> float:
    """Start of an image in s after midnight: the start of the scan for all."""
    del image
    return scan.start_s


def series_elements(scan: Scan) -> DicomJson:
    """What a Philips series holds beside the common header."""
    standard = attributes(
        {
            "ImageType": image_type(scan),
            # The scan, and which reconstruction of it this is.
            "SeriesNumber": scan.acquisition * 100 + 1 + scan.number - scan.acquisition,
            "AcquisitionNumber": scan.acquisition,
            "ScanOptions": ("FS",) if scan.protocol.fat_suppression == "fat" else ("OTHER",),
            "NumberOfPhaseEncodingSteps": phase_encoding_steps(scan),
        }
    )
    return standard | private_elements(scan) | _private_sequence(scan)


def _private_sequence(scan: Scan) -> DicomJson:
    """What an enhanced object would tell, in a private sequence of every classic image."""
    accelerated, partial = scan.acceleration > 1, scan.partial_fourier < 1
    item = attributes(
        {
            "OversamplingPhase": "2D" if scan.phase_oversampling else "NONE",
            "ParallelReductionFactorInPlane": scan.acceleration,
            "ParallelAcquisition": "YES" if accelerated else "NO",
            "ParallelAcquisitionTechnique": "SENSE" if accelerated else EMPTY,
            "PartialFourier": "YES" if partial else "NO",
            "PartialFourierDirection": "PHASE" if partial else EMPTY,
        }
    )
    return {
        "20050014": element("LO", "Philips MR Imaging DD 005"),
        "2005140F": element("SQ", ordered(item)),
    }


def private_elements(scan: Scan) -> DicomJson:
    """Philips' private averages and scan time."""
    result = {
        "20010010": element("LO", "Philips Imaging DD 001"),
        "20011020": element("LO", "TSE" if scan.is_spin_echo_train else "T1FFE"),
        "2001107B": element("IS", scan.acquisition),
        "20050010": element("LO", "Philips MR Imaging DD 001"),
        "20051033": element("FL", single(scan.duration_s)),
    }
    if not scan.omits_private_nex:
        result["20011088"] = element("DS", scan.nex)
    if scan.purpose == "derived":
        del result["20051033"]
    return result

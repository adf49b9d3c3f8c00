"""A scan as Enhanced MR Image Storage: one instance, its values in functional groups.

Layout as syngo MR XA writes it (averages, echo and geometry by frame, timing and modifiers
shared) and as Philips does (timing by frame as well), after PS3.3 A.36 and C.8.13.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from protocol_assets_simulator import classic, geometry, header, philips
from protocol_assets_simulator.dicom_json import DicomJson, attributes, code, element, ordered
from protocol_assets_simulator.scan import Scan

ENHANCED_MR_IMAGE_STORAGE: Final = "1.2.840.10008.5.1.4.1.1.4.1"

_REGIONS: Final = {
    "lumbar_spine": ("T-11503", "Lumbar spine"),
    "brain": ("T-A0100", "Brain"),
    "knee": ("T-D9200", "Knee"),
}


def encode_enhanced(scan: Scan, base: str = "") -> Iterator[DicomJson]:
    """The scan as one multi-frame instance.

    Args:
        scan: A scan with images (any purpose but a report).
        base: Root of the DICOMweb service, for BulkDataURI.
    """
    uid = scan.instance_uid(0)
    shared, by_frame = _functional_groups(scan)
    data_set = ordered(
        header.study_elements(scan.study),
        header.series_elements(scan),
        _top_level(scan, uid),
        header.image_pixel(scan.protocol.matrix_frequency),
        attributes(
            {
                "ContrastBolusAgentSequence": _agent(scan),
                "SharedFunctionalGroupsSequence": shared,
                "PerFrameFunctionalGroupsSequence": by_frame,
            }
        ),
        {"7FE00010": classic.bulk_data(base, scan, uid)},
    )
    # an enhanced object has no AcquisitionDate and no classic contrast agent
    for tag in ("00080022", "00180010"):
        data_set.pop(tag, None)
    yield data_set


def image_type(scan: Scan) -> tuple[str, ...]:
    """ImageType and FrameType: four values in an enhanced object."""
    if scan.purpose == "derived":
        if scan.protocol.b_value:
            return (
                "DERIVED",
                "PRIMARY",
                "DIFFUSION",
                "TRACE" if scan.sibling == "trace" else "ADC",
            )
        what = "COMPOSED" if scan.is_composed else "MPR"
        return ("DERIVED", "SECONDARY", what, "RESAMPLED")
    if scan.sibling:
        status = "DERIVED" if scan.sibling in ("water", "fat") else "ORIGINAL"
        return (status, "PRIMARY", "DIXON", scan.sibling.upper())
    return ("ORIGINAL", "PRIMARY", "DIFFUSION" if scan.protocol.b_value else "M", "NONE")


def _agent(scan: Scan) -> DicomJson | None:
    agent = header.contrast_agent(scan)
    if agent is None:
        return None
    return code("C-17800", "SRT", agent) | attributes({"ContrastBolusAgentNumber": 1})


def _datetime(scan: Scan, seconds: float) -> str:
    return f"{scan.study.moment(seconds):%Y%m%d%H%M%S.%f}"


def _top_level(scan: Scan, uid: str) -> DicomJson:
    protocol, scanner = scan.protocol, scan.study.scanner
    spin = scan.is_spin_echo_train or protocol.kind == "epi"
    return attributes(
        {
            "SOPClassUID": ENHANCED_MR_IMAGE_STORAGE,
            "SOPInstanceUID": uid,
            "ImageType": image_type(scan),
            "AcquisitionDateTime": _datetime(scan, scan.start_s),
            "AcquisitionDuration": None if scan.purpose == "derived" else scan.duration_s,
            "AcquisitionNumber": scan.acquisition,
            "InstanceNumber": 1,
            "NumberOfFrames": scan.images,
            "MagneticFieldStrength": scanner.field_strength_t,
            "MRAcquisitionType": "3D" if protocol.partitions else "2D",
            "ContentQualification": "PRODUCT",
            "ResonantNucleus": "1H",
            "PulseSequenceName": "*tse2d1" if scan.is_spin_echo_train else "*fl2d1",
            "EchoPulseSequence": "SPIN" if spin else "GRADIENT",
            "MultipleSpinEcho": "YES" if scan.is_spin_echo_train else "NO",
            "PhaseContrast": "NO",
            "TimeOfFlightContrast": "NO",
            "SteadyStatePulseSequence": "NONE",
            "EchoPlanarPulseSequence": "YES" if protocol.kind == "epi" else "NO",
            "SaturationRecovery": "NO",
            "SpectrallySelectedSuppression": "FAT" if protocol.fat_suppression == "fat" else "NONE",
            "OversamplingPhase": "2D" if scan.phase_oversampling else "NONE",
            "GeometryOfKSpaceTraversal": "RECTILINEAR",
            "RectilinearPhaseEncodeReordering": "LINEAR",
            "NumberOfKSpaceTrajectories": 1,
            "PixelPresentation": "MONOCHROME",
            "VolumetricProperties": "VOLUME",
            "VolumeBasedCalculationTechnique": "NONE",
        }
    )


def _functional_groups(scan: Scan) -> tuple[DicomJson, list[DicomJson]]:
    groups = _scan_groups(scan)
    shared_names = ["MRModifierSequence", "MRFOVGeometrySequence", "MRImagingModifierSequence"]
    shared_names += ["MRReceiveCoilSequence", "FrameAnatomySequence", "ContrastBolusUsageSequence"]
    frame_names = ["MRAveragesSequence", "MREchoSequence", "MRImageFrameTypeSequence"]
    frame_names += ["PixelMeasuresSequence"]
    is_philips = scan.study.scanner.vendor == "philips"
    # Philips repeats the timing in every frame, syngo MR XA writes it once
    (frame_names if is_philips else shared_names).append("MRTimingAndRelatedParametersSequence")
    shared = attributes({name: groups.get(name) for name in shared_names})
    constant = attributes({name: groups.get(name) for name in frame_names})
    if is_philips:
        constant |= _philips_private(scan)
    else:
        shared |= _siemens_shared(scan)
        constant |= _siemens_frame(scan)
    moment = _datetime(scan, scan.start_s)
    frames = []
    for frame, place in enumerate(geometry.slices(scan)):
        varying: dict[str, Any] = {
            "FrameContentSequence": attributes(
                {
                    "FrameAcquisitionDateTime": moment,
                    "FrameReferenceDateTime": moment,
                    "FrameAcquisitionDuration": scan.duration_s * 1000,
                    "StackID": "1",
                    "InStackPositionNumber": frame % scan.slices + 1,
                    "DimensionIndexValues": (1, frame % scan.slices + 1),
                }
            ),
            "PlanePositionSequence": attributes({"ImagePositionPatient": place.position}),
            "PlaneOrientationSequence": attributes({"ImageOrientationPatient": place.orientation}),
        }
        b_value = scan.b_value(frame)
        if b_value is not None:
            varying["MRDiffusionSequence"] = attributes({"DiffusionBValue": b_value})
        if scan.defect == "nex_in_one_image" and not scan.omits_nex:
            nex = attributes({"NumberOfAverages": scan.image_nex(frame)})
            varying["MRAveragesSequence"] = nex
        frames.append(ordered(constant, attributes(varying)))
    return ordered(shared), frames


def _scan_groups(scan: Scan) -> dict[str, DicomJson]:
    """The MR functional group macros (PS3.3 C.8.13.5) by the keyword of their sequence."""
    protocol = scan.protocol
    pixel = round(protocol.fov_mm / protocol.matrix_frequency, 6)
    region, meaning = _REGIONS[scan.study.exam.anatomy]
    column = protocol.phase_direction == "COL"
    train = protocol.echo_train if scan.is_spin_echo_train else 0
    groups: dict[str, dict[str, Any]] = {
        "MRTimingAndRelatedParametersSequence": {
            "RepetitionTime": scan.tr_ms,
            "FlipAngle": protocol.flip_deg,
            "EchoTrainLength": train,
            "RFEchoTrainLength": train,
            "GradientEchoTrainLength": 0 if scan.is_spin_echo_train else 1,
        },
        "MREchoSequence": {
            "EffectiveEchoTime": None if scan.defect == "te_missing" else protocol.te_ms
        },
        "MRModifierSequence": _modifier(scan),
        "MRImagingModifierSequence": {
            "PixelBandwidth": protocol.bandwidth_hz,
            "TransmitterFrequency": scan.study.scanner.larmor_mhz,
            "MagnetizationTransfer": "NONE",
        },
        "MRFOVGeometrySequence": {
            "PercentSampling": header.percent_sampling(scan),
            "PercentPhaseFieldOfView": 100,
            "InPlanePhaseEncodingDirection": "COLUMN" if column else "ROW",
            "MRAcquisitionFrequencyEncodingSteps": protocol.matrix_frequency,
            "MRAcquisitionPhaseEncodingStepsInPlane": scan.encoded_lines,
            "MRAcquisitionPhaseEncodingStepsOutOfPlane": protocol.partitions,
        },
        "MRReceiveCoilSequence": {
            "ReceiveCoilName": scan.study.scanner.coils[scan.study.exam.coil],
            "ReceiveCoilType": "MULTICOIL",
        },
        "PixelMeasuresSequence": {
            "SliceThickness": protocol.slice_thickness_mm,
            "SpacingBetweenSlices": protocol.slice_thickness_mm + protocol.slice_gap_mm,
            "PixelSpacing": (pixel, pixel),
        },
        "MRImageFrameTypeSequence": {
            "FrameType": image_type(scan),
            "PixelPresentation": "MONOCHROME",
            "VolumetricProperties": "VOLUME",
            "VolumeBasedCalculationTechnique": "NONE",
        },
        "FrameAnatomySequence": {
            "AnatomicRegionSequence": code(region, "SRT", meaning),
            "FrameLaterality": "U",
        },
    }
    if not scan.omits_nex:
        groups["MRAveragesSequence"] = {"NumberOfAverages": scan.nex}
    if scan.has_contrast:
        groups["ContrastBolusUsageSequence"] = {
            "ContrastBolusAgentNumber": 1,
            "ContrastBolusAgentAdministered": "YES",
        }
    return {name: attributes(values) for name, values in groups.items()}


def _modifier(scan: Scan) -> dict[str, Any]:
    protocol = scan.protocol
    accelerated = scan.acceleration > 1
    return {
        "InversionRecovery": "YES" if protocol.ti_ms else "NO",
        "InversionTimes": protocol.ti_ms,
        "FlowCompensation": "NONE",
        "Spoiling": "NONE",
        "T2Preparation": "NO",
        "SpectrallySelectedExcitation": "NONE",
        "SpatialPresaturation": "NONE",
        "ParallelAcquisition": "YES" if accelerated else "NO",
        "ParallelAcquisitionTechnique": _technique(scan) if accelerated else None,
        "ParallelReductionFactorInPlane": scan.acceleration if accelerated else None,
        "PartialFourier": "YES" if scan.partial_fourier < 1 else "NO",
        "PartialFourierDirection": "PHASE" if scan.partial_fourier < 1 else None,
    }


def _technique(scan: Scan) -> str:
    return "SENSE" if scan.study.scanner.vendor == "philips" else "GRAPPA"


def _siemens_shared(scan: Scan) -> DicomJson:
    item = {
        "00210010": element("LO", "SIEMENS MR SDS 01"),
        "00211001": element("IS", scan.slices),
        "00211008": element("SH", "Normal"),
    }
    if scan.acceleration > 1:
        item["00211009"] = element("LO", f"p{scan.acceleration}")
    return {
        "00210010": element("LO", "SIEMENS MR SDS 01"),
        "002110FE": element("SQ", item),
    }


def _siemens_frame(scan: Scan) -> DicomJson:
    kept = ("NORM", "DIS2D") if scan.purpose != "derived" else ("MPR",)
    if scan.study.scanner.reconstruction == "deep_learning":
        # Deep Resolve Boost
        kept = (*kept, "DRB")
    item = {
        "00210011": element("LO", "SIEMENS MR SDI 02"),
        "00211175": element("CS", *image_type(scan)[:3], *kept),
    }
    return {
        "00210011": element("LO", "SIEMENS MR SDI 02"),
        "002111FE": element("SQ", item),
    }


def _philips_private(scan: Scan) -> DicomJson:
    return {
        "20050014": element("LO", "Philips MR Imaging DD 005"),
        "2005140F": element("SQ", ordered(philips.private_elements(scan))),
    }

"""One sagittal T2 of the spine as the manufacturers would write it."""

from __future__ import annotations

from typing import Any

__all__ = [
    "CANON",
    "GE",
    "HITACHI",
    "ONE_AVERAGE",
    "PHILIPS",
    "SIEMENS",
    "T2",
    "UIH",
    "XA",
    "Header",
]

Header = dict[str, Any]

# A sagittal T2 of the spine: 256 lines in trains of 16, fifteen slices in 3.5 s.
T2: Header = {
    "ScanningSequence": "SE",
    "SequenceVariant": "SK\\SP",
    "MRAcquisitionType": "2D",
    "RepetitionTime": 3500.0,
    "EchoTime": 100.0,
    "EchoTrainLength": 16,
    "PixelBandwidth": 250.0,
    "AcquisitionMatrix": [320, 0, 0, 256],
    "InPlanePhaseEncodingDirection": "COL",
    "ImagePositionPatient_distinct": 15,
    "NumberOfAverages": 2.0,
}
ONE_AVERAGE = 3.5 * 256 / 16  # 56 s

SIEMENS = T2 | {
    "Manufacturer": "SIEMENS",
    "SiemensAcquisitionTimeText": "TA 01:52",
    "NumberOfPhaseEncodingSteps": 256,
}
GE = T2 | {
    "Manufacturer": "GE MEDICAL SYSTEMS",
    "ScanOptions": "FAST_GEMS",
    "GEAcquisitionDuration": 2 * ONE_AVERAGE * 1e6,
}
PHILIPS = T2 | {
    "Manufacturer": "Philips Medical Systems",
    "NumberOfPhaseEncodingSteps": 256,
    "ParallelReductionFactorInPlane": 1.0,
    "PhilipsScanDuration": 2 * ONE_AVERAGE,
}
CANON = T2 | {
    "Manufacturer": "CANON_MEC",
    "NumberOfPhaseEncodingSteps": 256,
    "ParallelAcquisition": "NO",
    "AcquisitionDuration": 2 * ONE_AVERAGE,
}
UIH = T2 | {
    "Manufacturer": "UIH",
    "UIHParallelText": "F:2S",
    "AcquisitionDuration": ONE_AVERAGE,
}
HITACHI = T2 | {
    "Manufacturer": "Hitachi Medical Corporation",
    "AcquisitionDuration": 2 * ONE_AVERAGE,
    "ParallelAcquisition": "NO",
}
XA = {
    key: value
    for key, value in T2.items()
    if key not in ("ScanningSequence", "SequenceVariant", "AcquisitionMatrix")
} | {
    "Manufacturer": "Siemens Healthineers",
    "EchoPulseSequence": "SPIN",
    "MRAcquisitionFrequencyEncodingSteps": 320,
    "PercentSampling": 80.0,
    "PercentPhaseFieldOfView": 100.0,
    "NumberOfPhaseEncodingSteps": 256,
    "OversamplingPhase": "NONE",
    "PartialFourier": "NO",
    "ParallelAcquisition": "NO",
    "AcquisitionDuration": 2 * ONE_AVERAGE,
}

"""Oversampling, fold-over suppression and partial Fourier, as far as the header tells them."""

from __future__ import annotations

import pytest

from protocol_assets.modalities.shared.row import Row
from tests.unit.modalities.mr.vendors.examples import GE, PHILIPS, SIEMENS, XA
from tests.unit.modalities.mr.vendors.measured import measured


@pytest.mark.parametrize(
    ("row", "oversampling", "no_phase_wrap", "fraction"),
    [
        (SIEMENS | {"NumberOfPhaseEncodingSteps": 512}, 100.0, None, 1.0),
        (SIEMENS | {"ScanOptions": "PFP", "NumberOfPhaseEncodingSteps": 192}, 0.0, None, 0.75),
        (
            SIEMENS
            | {
                "ScanOptions": "PFP",
                "SequenceVariant": "SK\\OSP",
                "NumberOfPhaseEncodingSteps": 288,
            },
            None,
            None,
            None,
        ),
        (GE | {"ScanOptions": "NPW"}, None, True, 1.0),
        (GE | {"NumberOfAverages": 0.75}, None, False, 0.75),
        (PHILIPS, None, None, None),
        (PHILIPS | {"OversamplingPhase": "2D"}, None, True, None),
        (PHILIPS | {"OversamplingPhase": "NONE", "PartialFourier": "NO"}, 0.0, False, 1.0),
        (XA | {"OversamplingPhase": "2D", "NumberOfPhaseEncodingSteps": 384}, 50.0, False, 1.0),
        (XA | {"PartialFourier": "YES"}, 0.0, False, None),
    ],
)
def test_what_is_told_of_lines(
    row: Row, oversampling: float | None, no_phase_wrap: bool | None, fraction: float | None
) -> None:
    found = measured(row)
    assert found["phase_oversampling_percent"] == oversampling
    assert found["no_phase_wrap"] is no_phase_wrap
    assert found["partial_fourier_fraction"] == fraction

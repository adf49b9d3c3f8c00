"""The same scan, classic and enhanced, is the same row."""

from __future__ import annotations

import dataclasses
import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.modalities.mr.spec import MR
from protocol_assets_simulator import Fleet
from protocol_assets_simulator.classic import encode_classic
from protocol_assets_simulator.enhanced import encode_enhanced
from protocol_assets_simulator.scan import Scan

FLEET = Fleet(scanners=12, studies=60, start=dt.date(2026, 2, 2), end=dt.date(2026, 2, 6))
PARAMETERS = (
    "NumberOfAverages",
    "RepetitionTime",
    "EchoTime",
    "InversionTime",
    "MagneticFieldStrength",
    "EchoTrainLength",
)


def _scans() -> list[Scan]:
    studies = FLEET.studies(None, FLEET.start, FLEET.end)
    return [
        scan
        for study in studies
        for scan in FLEET.scans(study)
        if scan.purpose == "image" and not scan.defect
    ]


SCANS = _scans()


@given(st.sampled_from(SCANS), st.sampled_from([1.0, 1.5, 2.0, 3.0]))
def test_classic_and_enhanced_give_the_same_parameters(scan: Scan, nex: float) -> None:
    # Under No Phase Wrap a classic GE image holds half of the averages there.
    scan = dataclasses.replace(scan, nex=nex, omits_nex=False, has_no_phase_wrap=False)
    (classic,) = flatten_study(list(encode_classic(scan)), MR.series_columns).rows
    (enhanced,) = flatten_study(list(encode_enhanced(scan)), MR.series_columns).rows
    for parameter in PARAMETERS:
        if parameter == "EchoTrainLength" and not scan.is_spin_echo_train:
            # Without refocusing pulses the RF train is 0 and the classic train 1.
            assert (classic[parameter], enhanced[parameter]) == (1, 0)
            continue
        for name in (parameter, f"{parameter}_min", f"{parameter}_max"):
            assert classic[name] == enhanced[name], name
    assert classic["NumberOfAverages"] == nex
    assert classic["NumberOfFrames"] == enhanced["NumberOfFrames"]

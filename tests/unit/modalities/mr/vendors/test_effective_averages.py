"""Effective averages: what each vendor's header tells, and what the scan time may add."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.modalities.shared.row import Row
from tests.unit.modalities.mr.vendors.examples import (
    CANON,
    GE,
    HITACHI,
    ONE_AVERAGE,
    PHILIPS,
    SIEMENS,
    T2,
    UIH,
    XA,
    Header,
)
from tests.unit.modalities.mr.vendors.measured import measured

# A T1 that fills its repetition with slices: a second package cannot be excluded.
FULL = {"RepetitionTime": 500.0, "EchoTime": 10.0, "EchoTrainLength": 4}


def told(row: Row) -> tuple[float | None, str]:
    found = measured(row)
    return found["effective_averages"], found["effective_averages_state"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(SIEMENS, (2.0, "told"), id="Siemens"),
        pytest.param(
            SIEMENS
            | {
                "NumberOfAverages": 1.0,
                "NumberOfPhaseEncodingSteps": 384,
                "SiemensAcquisitionTimeText": "TA 01:24",
            },
            (1.5, "told"),
            id="Siemens, 50 % oversampling",
        ),
        pytest.param(
            SIEMENS
            | {
                "ScanOptions": "PFP",
                "NumberOfPhaseEncodingSteps": 160,
                "SiemensAcquisitionTimeText": "TA 01:10",
            },
            (1.25, "told"),
            id="Siemens, partial Fourier 5/8",
        ),
        pytest.param(
            SIEMENS
            | {"SiemensParallelImagingText": "p2", "SiemensAcquisitionTimeText": "TA 00:56"},
            (1.0, "told"),
            id="Siemens, NEX 2 with p2 is NEX 1 without",
        ),
        pytest.param(
            {**SIEMENS, "SiemensAcquisitionTimeText": None},
            (None, "acceleration_unknown"),
            id="Siemens without the private block",
        ),
        pytest.param(GE, (2.0, "told"), id="GE"),
        pytest.param(
            GE | {"ScanOptions": "FAST_GEMS\\NPW", "NumberOfAverages": 1.0},
            (2.0, "told"),
            id="GE, NPW halves what the header holds",
        ),
        pytest.param(
            GE
            | {
                "NumberOfAverages": 0.5,
                "ScanOptions": "FAST_GEMS\\PFP",
                "GEAcquisitionDuration": 0.5 * ONE_AVERAGE * 1e6,
            },
            (0.5, "told"),
            id="GE, NEX below 1 is partial Fourier",
        ),
        pytest.param(
            GE
            | {
                "ScanOptions": "FAST_GEMS\\ACC_GEMS",
                "GEAssetRFactors": [0.5, 1.0],
                "GEAcquisitionDuration": ONE_AVERAGE * 1e6,
            },
            (1.0, "told"),
            id="GE, ASSET",
        ),
        pytest.param(
            GE | {"PercentPhaseFieldOfView": 75.0, "GEAcquisitionDuration": 84e6},
            (2.0, "told"),
            id="GE, a rectangular field shortens the scan and averages no less",
        ),
        pytest.param(
            PHILIPS | {"OversamplingPhase": "NONE", "PartialFourier": "NO"},
            (2.0, "told"),
            id="Philips that says that there is no fold-over suppression",
        ),
        pytest.param(
            PHILIPS
            | {
                "NumberOfAverages": 1.0,
                "NumberOfPhaseEncodingSteps": 512,
                "PartialFourier": "NO",
            },
            (2.0, "told"),
            id="Philips, steps above the matrix",
        ),
        pytest.param(PHILIPS, (2.0, "from_scan_time"), id="Philips that says nothing"),
        pytest.param(
            PHILIPS
            | {
                "NumberOfAverages": 1.0,
                "OversamplingPhase": "2D",
                "PhilipsScanDuration": 1.5 * ONE_AVERAGE,
            },
            (1.5, "from_scan_time"),
            id="Philips, fold-over suppression of 50 % by the time",
        ),
        pytest.param(
            PHILIPS
            | {
                "NumberOfAverages": 1.0,
                "OversamplingPhase": "2D",
                "ImagePositionPatient_distinct": 11,
            },
            (2.0, "from_scan_time"),
            id="Philips, 100 %: the slices fit for certain",
        ),
        pytest.param(
            PHILIPS
            | FULL
            | {
                "NumberOfAverages": 1.0,
                "OversamplingPhase": "2D",
                "PhilipsScanDuration": 64.0,
            },
            (None, "oversampling_unknown"),
            id="Philips, 100 % or two packages",
        ),
        pytest.param(
            PHILIPS
            | {
                "OversamplingPhase": "NONE",
                "PartialFourier": "YES",
                "PhilipsScanDuration": 1.25 * ONE_AVERAGE,
            },
            (1.25, "from_scan_time"),
            id="Philips, partial Fourier 5/8 by the time",
        ),
        pytest.param(
            {**PHILIPS, "PhilipsScanDuration": None},
            (None, "oversampling_unknown"),
            id="Philips that says nothing and no time",
        ),
        pytest.param(CANON, (2.0, "told"), id="Canon"),
        pytest.param(
            CANON
            | {
                "ParallelAcquisition": "YES",
                "NumberOfPhaseEncodingSteps": 128,
                "AcquisitionDuration": ONE_AVERAGE,
            },
            (1.0, "told"),
            id="Canon, SPEEDER of unknown factor: the steps are what was measured",
        ),
        pytest.param(
            {
                **CANON,
                "ParallelAcquisition": "YES",
                "NumberOfPhaseEncodingSteps": 128,
                "AcquisitionDuration": None,
            },
            (None, "acceleration_unknown"),
            id="Canon, SPEEDER of unknown factor, no time to check the steps",
        ),
        pytest.param(UIH, (1.0, "from_scan_time"), id="UIH"),
        pytest.param(HITACHI, (2.0, "from_scan_time"), id="Hitachi without steps"),
        pytest.param(
            HITACHI | {"NumberOfAverages": 1.0, "AcquisitionDuration": ONE_AVERAGE + 10},
            (1.0, "from_scan_time"),
            id="Hitachi, ten seconds of preparation are no oversampling",
        ),
        pytest.param(
            HITACHI | {"NumberOfAverages": 1.0, "AcquisitionDuration": 1.5 * ONE_AVERAGE},
            (1.5, "from_scan_time"),
            id="Hitachi, 50 % oversampling",
        ),
        pytest.param(
            HITACHI | {"Manufacturer": "Backyard MR"}, (2.0, "from_scan_time"), id="other"
        ),
        pytest.param(XA, (2.0, "told"), id="XA"),
        pytest.param(
            XA
            | {
                "NumberOfAverages": 1.0,
                "OversamplingPhase": "2D",
                "NumberOfPhaseEncodingSteps": 512,
            },
            (2.0, "told"),
            id="XA, oversampling in the steps",
        ),
        pytest.param(
            XA | {"PartialFourier": "YES", "AcquisitionDuration": 1.5 * ONE_AVERAGE},
            (1.5, "from_scan_time"),
            id="XA, partial Fourier 6/8 is not in the steps",
        ),
        pytest.param(
            XA
            | {
                "NumberOfAverages": 1.0,
                "PartialFourier": "YES",
                "OversamplingPhase": "2D",
                "NumberOfPhaseEncodingSteps": 512,
                "AcquisitionDuration": 1.75 * ONE_AVERAGE + 2,
            },
            (1.75, "from_scan_time"),
            id="XA, 100 % oversampling and partial Fourier 7/8, two seconds of preparation",
        ),
        pytest.param(
            XA
            | {
                "NumberOfAverages": 1.0,
                "PartialFourier": "YES",
                "OversamplingPhase": "2D",
                "NumberOfPhaseEncodingSteps": 448,
                "AcquisitionDuration": 1.75 * ONE_AVERAGE + 2,
            },
            (1.75, "from_scan_time"),
            id="the same, where the steps hold both",
        ),
        pytest.param(
            XA
            | {
                "PartialFourier": "YES",
                "NumberOfPhaseEncodingSteps": 192,
                "AcquisitionDuration": 1.5 * ONE_AVERAGE,
            },
            (1.5, "told"),
            id="enhanced, partial Fourier in the steps",
        ),
        pytest.param(
            GE | {"GEInternalPulseSequenceName": "FSE", "SeriesDescription": "SAG T2 PROPELLER"},
            (None, "no_rule"),
            id="rotating blades have no phase lines",
        ),
        pytest.param({**GE, "NumberOfAverages": None}, (None, "nex_missing"), id="NEX absent"),
        pytest.param(GE | {"NumberOfAverages_distinct": 2}, (None, "nex_varies"), id="NEX varies"),
        pytest.param(
            {**HITACHI, "AcquisitionMatrix": None}, (None, "lines_missing"), id="no matrix"
        ),
        pytest.param(
            {**SIEMENS, "NumberOfPhaseEncodingSteps": None},
            (2.0, "from_scan_time"),
            id="Siemens without steps",
        ),
        pytest.param({**T2}, (None, "no_rule"), id="no manufacturer"),
    ],
)
def test_effective_averages(row: Row, expected: tuple[float | None, str]) -> None:
    assert told(row) == expected


@pytest.mark.parametrize("row", [SIEMENS, GE, PHILIPS, CANON, XA, HITACHI])
def test_a_time_off_by_more_than_a_fifth_contradicts(row: Header) -> None:
    # Half of what the averages take: neither fold-over nor packages make a scan shorter.
    shorter = row | {"NumberOfAverages": 4.0}
    assert told(shorter) == (None, "time_disagrees")


@pytest.mark.parametrize("row", [SIEMENS, GE, XA])
def test_a_time_twice_as_long_contradicts_a_header_that_tells_all(row: Header) -> None:
    assert told(row | {"NumberOfAverages": 1.0}) == (None, "time_disagrees")


def test_packages_that_must_be_explain_a_longer_time() -> None:
    # 40 slices of at least 102 ms do not fit into 3.5 s.
    many = GE | {"NumberOfAverages": 1.0, "ImagePositionPatient_distinct": 40}
    assert told(many) == (1.0, "told")
    found = measured(many)
    assert found["scan_time_formula_s"] == 2 * ONE_AVERAGE
    assert found["scan_time_agreement"] == "agrees"


def test_disagreement_lowers_the_confidence_by_a_step_and_keeps_the_value() -> None:
    agreeing, other = measured(GE), measured(GE | {"NumberOfAverages": 1.0})
    assert [agreeing[f"scan_time_{name}"] for name in ("s", "confidence", "agreement")] == [
        112.0,
        "high",
        "agrees",
    ]
    assert [other[f"scan_time_{name}"] for name in ("s", "confidence", "agreement")] == [
        112.0,
        "medium",
        "disagrees",
    ]
    assert other["scan_time_formula_s"] == 56.0


def test_a_derived_series_has_no_formula_of_its_own() -> None:
    found = measured({**HITACHI, "AcquisitionDuration": None}, is_original=False)
    assert found["scan_time_s"] is None
    assert found["scan_time_formula_s"] is None


def test_averages_of_a_series_that_averages_its_b_values_differently() -> None:
    row = {
        "Manufacturer": "UIH",
        "ScanningSequence": "EP",
        "NumberOfAverages": 6.0,
        "NumberOfAverages_min": 2.0,
        "NumberOfAverages_max": 6.0,
        "NumberOfAverages_distinct": 2,
    }
    found = measured(row)
    columns = ("nex", "nex_min", "nex_max", "nex_distinct", "effective_averages_state")
    assert [found[column] for column in columns] == [6.0, 2.0, 6.0, 2, "nex_varies"]


WILD = st.one_of(
    st.none(), st.floats(), st.integers(), st.sampled_from([0.0, -1.0, 1e-300, 1e300, 2**70])
)


@given(
    st.sampled_from([SIEMENS, GE, PHILIPS, CANON, UIH, HITACHI, XA]),
    st.dictionaries(
        st.sampled_from([key for key in (SIEMENS | GE | XA) if "Text" not in key]), WILD
    ),
    st.lists(WILD, max_size=5),
)
def test_wild_headers_give_a_sane_value_or_a_reason(
    row: Header, changes: Header, matrix: list[object]
) -> None:
    value, state = told({**row, **changes, "Manufacturer": row["Manufacturer"]})
    assert (value is not None) == (state in ("told", "from_scan_time"))
    assert value is None or value >= 0
    told({**row, "AcquisitionMatrix": matrix})

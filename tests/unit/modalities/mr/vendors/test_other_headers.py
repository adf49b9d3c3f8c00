"""What Philips, United Imaging and Canon headers mean, with the values measured on them.

The values are those of real scanners, the data sets are made up. What is known of the scan beside
the header (the console, the stated time) is the right answer.
"""

from __future__ import annotations

import pytest

from tests.unit.modalities.mr.vendors.headers import Instance, facts_of, header, private

EFFECTIVE = ("effective_averages", "effective_averages_state")


def philips(text: str | None, creator: str, block: int = 0x10, **changes: object) -> Instance:
    found = header(
        **{
            "Manufacturer": "Philips Healthcare",
            "ScanningSequence": "SE",
            "RepetitionTime": 3000,
            "EchoTrainLength": 16,
            "ParallelAcquisitionTechnique": "CSENSE",
        }
        | changes
    )
    found |= private("2005xx33", "Philips MR Imaging DD 001", 90.0, 0x20, "FL")
    if text is not None:
        found |= private("2005xx10", creator, text, block)
    return found


@pytest.mark.parametrize("block", [0x10, 0x14, 0x1F])
def test_philips_deep_learning(block: int) -> None:
    eight, five = "Philips MR Imaging DD 008", "Philips MR Imaging DD 005"
    assert facts_of(philips("CS_SENSE_AI", eight, block))["reconstruction"] == "deep_learning"
    sentinel = private("2005xx10", five, "2147483647", 0x30)
    both = philips("CS_SENSE_AI", eight, block) | sentinel
    assert facts_of(both)["reconstruction"] == "deep_learning"
    assert facts_of(philips("2147483647", five, block))["reconstruction"] == "compressed_sensing"
    assert facts_of(philips("CS_SENSE", eight, block))["reconstruction"] == "compressed_sensing"
    plain = philips(None, eight, ParallelAcquisitionTechnique="SENSE")
    assert facts_of(plain)["reconstruction"] == "standard"


def standard(manufacturer: str, **changes: object) -> Instance:
    """A turbo spin echo of a scanner that writes the standard attributes: trains of 16 at 3.5 s."""
    return header(
        **{
            "Manufacturer": manufacturer,
            "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
            "ScanningSequence": "SE",
            "SequenceVariant": "SK",
            "MRAcquisitionType": "2D",
            "RepetitionTime": 3500,
            "EchoTime": 100,
            "EchoTrainLength": 16,
            "PixelBandwidth": 250,
            "InPlanePhaseEncodingDirection": "COL",
            "NumberOfAverages": 1,
        }
        | changes
    )


def united_imaging(**changes: object) -> Instance:
    found = standard("UIH", **{"AcquisitionMatrix": [320, 0, 0, 256]} | changes)
    return found | private("0065xx0D", "Image Private Header", "F:2S")


def test_united_imaging_has_its_lines_in_the_matrix() -> None:
    # 256 lines by trains of 16 and a factor of 2: eight shots.
    known = facts_of(united_imaging(AcquisitionDuration=28.0), slices=11)
    assert tuple(known[name] for name in EFFECTIVE) == (0.5, "from_scan_time")
    twice = facts_of(united_imaging(AcquisitionDuration=56.0), slices=11)
    assert tuple(twice[name] for name in EFFECTIVE) == (1.0, "from_scan_time")
    open_ = facts_of(united_imaging(), slices=40)
    assert tuple(open_[name] for name in EFFECTIVE) == (None, "oversampling_unknown")
    bare = facts_of(united_imaging(AcquisitionMatrix=None, AcquisitionDuration=28.0), slices=11)
    assert tuple(bare[name] for name in EFFECTIVE) == (None, "lines_missing")


CANON = [
    (192, 256, 1.33, 1.0),
    (136, 240, 1.76, 1.0),
    (160, 240, 1.5, 1.0),
    (80, 176, 2.2, 1.0),
    (322, 320, 2.0, 2.01),
    (256, 256, 1.0, 1.0),
    (384, 256, 1.0, 1.5),
]


@pytest.mark.parametrize(("steps", "matrix", "factor", "sampled"), CANON)
@pytest.mark.parametrize("nex", [1, 2])
@pytest.mark.parametrize("has_time", [True, False])
def test_canon_counts_what_was_measured(
    steps: int, matrix: int, factor: float, sampled: float, nex: int, has_time: bool
) -> None:
    shots = -(-steps // 16)
    changes = {
        "NumberOfAverages": nex,
        "NumberOfPhaseEncodingSteps": steps,
        "AcquisitionMatrix": [256, 0, 0, matrix],
        "ParallelAcquisition": "YES" if factor > 1 else "NO",
        "ParallelReductionFactorInPlane": factor,
        "AcquisitionDuration": 3.5 * shots * nex if has_time else None,
    }
    found = facts_of(standard("CANON_MEC", **changes), slices=11)
    assert found["effective_averages_state"] == "told"
    assert found["effective_averages"] == pytest.approx(nex * sampled / factor, rel=0.01)
    # The time of twice as many lines contradicts them.
    doubled = changes | {"AcquisitionDuration": 7.0 * shots * nex}
    found = facts_of(standard("TOSHIBA", **doubled), slices=11)
    assert tuple(found[name] for name in EFFECTIVE) == (None, "time_disagrees")


def test_canon_partial_fourier_and_echo_planar_steps_stay_open() -> None:
    changes = {
        "NumberOfPhaseEncodingSteps": 160,
        "AcquisitionMatrix": [256, 0, 0, 256],
        "ParallelReductionFactorInPlane": 1.0,
    }
    partial = facts_of(standard("CANON_MEC", **changes, ScanOptions="PFP"))
    assert tuple(partial[name] for name in EFFECTIVE) == (None, "partial_fourier_unknown")
    planar = facts_of(standard("CANON_MEC", **changes, ScanningSequence=["SE", "EP"]))
    assert tuple(planar[name] for name in EFFECTIVE) == (None, "partial_fourier_unknown")

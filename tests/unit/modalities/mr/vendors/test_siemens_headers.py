"""What Siemens headers mean, with the values measured on them.

The values are those of real scanners, the data sets are made up. What is known of the scan beside
the header (the console, the stated time) is the right answer.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.modalities.mr.vendors.headers import Instance, facts_of, header, private


# Siemens XA in classic objects: 307 nominal lines, trains of 4 and p2 make 39 shots of 650 ms.
def xa(
    text: str | None, *, nex: float = 2, parallel: str | None = "p2", **changes: Any
) -> Instance:
    """A T1 of syngo MR XA, split into classic images."""
    found = header(
        **{
            "Manufacturer": "Siemens Healthineers",
            "SoftwareVersions": "syngo MR XA30",
            "ImageType": ["ORIGINAL", "PRIMARY", "M", "MFSPLIT", "NORM", "DIS2D"],
            "ScanningSequence": "SE",
            "SequenceVariant": ["SK", "SP", "OSP"],
            "ScanOptions": "SAT1",
            "MRAcquisitionType": "2D",
            "RepetitionTime": 650,
            "EchoTime": 11,
            "EchoTrainLength": 4,
            "PixelBandwidth": 250,
            "NumberOfPhaseEncodingSteps": 307,
            "AcquisitionMatrix": [512, 0, 0, 307],
            "InPlanePhaseEncodingDirection": "COL",
            "AcquisitionNumber": 1,
            "NumberOfAverages": nex,
        }
        | changes
    )
    if text is not None:
        found |= private("0051xx0A", "SIEMENS MR HEADER", text)
    if parallel is not None:
        found |= private("0021xx09", "SIEMENS MR SDS 01", parallel)
    return found


def shown(found: dict[str, Any]) -> tuple[float | None, float | None, str | None]:
    value = found["effective_averages"]
    rounded = None if value is None else round(value, 2)
    return found["acceleration_in_plane"], rounded, found["effective_averages_state"]


@pytest.mark.parametrize(
    ("text", "slices"),
    [
        pytest.param("TA 01:22*2", 20, id="two concatenations, the time of one"),
        pytest.param("TA: 01:22*2", 20, id="as XA writes it"),
        pytest.param("TA 01:22", 10, id="too short for two packages"),
    ],
)
def test_siemens_xa_classic_takes_its_oversampling_from_the_time(text: str, slices: int) -> None:
    found = facts_of(xa(text), slices=slices)
    assert shown(found) == (2.0, 1.64, "from_scan_time")
    assert found["scan_time_confidence"] == "high"


@pytest.mark.parametrize(
    ("nex", "oversampling", "parallel", "truth"),
    [
        (2, 1.67, "p2", 1.67),
        (2, 1.52, "p2", 1.52),
        (1, 1.37, None, 1.37),
        (2, 1.37, "p2", 1.37),
        (1, 1.8, "p2", 0.9),
        (2, 1.35, "p3", 0.9),
        (1, 1.0, None, 1.0),
        (3, 2.0, "p4", 1.5),
    ],
)
@pytest.mark.parametrize("packages", [1, 2, 3])
@pytest.mark.parametrize("slices", [5, 9, 15, 22, 30])
@pytest.mark.parametrize("tells", [True, False])
def test_siemens_xa_classic_is_right_or_nothing(
    nex: float,
    oversampling: float,
    parallel: str | None,
    truth: float,
    packages: int,
    slices: int,
    tells: bool,
) -> None:
    factor = float(parallel[1:]) if parallel else 1.0
    # The text leaves out preparation, and cuts off fractions of a second above a minute.
    one = 0.65 * round(307 * oversampling / 4 / factor) * nex * 0.97
    text = f"TA {int(one // 60):02}:{int(one % 60):02}"
    if tells and packages > 1:
        text = f"{text}*{packages}"
    elif packages > 1:
        whole = one * packages
        text = f"TA {int(whole // 60):02}:{int(whole % 60):02}"
    instance = xa(text, nex=nex, parallel=parallel)
    if parallel is None:
        instance |= private("0021xx5E", "SIEMENS MR SDS 01", "FoV 280*280")
    found = facts_of(instance, slices=slices)
    assert found["acceleration_in_plane"] == factor
    value = found["effective_averages"]
    fits = slices * (11 + 2 + 3 * 4) <= 650
    if packages == 1 or tells or not fits:
        assert value is None or value == pytest.approx(truth, rel=0.1)
    if tells and packages > 1 and packages <= slices:
        assert value == pytest.approx(truth, rel=0.1)


def test_siemens_xa_classic_without_its_private_block_tells_no_factor() -> None:
    found = facts_of(xa("TA 01:22*2", parallel=None), slices=20)
    assert shown(found)[0] is None
    assert found["effective_averages_state"] != "told"


def test_siemens_xa_classic_partial_fourier_and_oversampling_are_told_apart_by_nobody() -> None:
    partial: dict[str, Any] = {"ScanOptions": ["PFP", "SAT1"]}
    assert shown(facts_of(xa("TA 01:22*2", **partial), slices=20)) == (2, 1.64, "from_scan_time")
    assert shown(facts_of(xa("TA 01:22", **partial), slices=20))[1] is None


@pytest.mark.parametrize("block", [0x10, 0x12, 0xFE])
def test_siemens_xa_private_elements_at_top_level_or_in_their_sequence(block: int) -> None:
    text = private("0021xx75", "SIEMENS MR SDI 02", ["ORIGINAL", "PRIMARY", "M", "DRB"], block)
    found = facts_of(xa("TA 01:22*2") | text, slices=20)
    assert found["reconstruction"] == "deep_learning"
    nested = private("0021xx09", "SIEMENS MR SDS 01", "p3", block)
    inside = private("0021xxFE", "SIEMENS MR SDS 01", nested, block, "SQ")
    found = facts_of(xa("TA 01:22*2", parallel=None) | inside, slices=20)
    assert found["acceleration_in_plane"] == 3.0
    # The block of another creator is another attribute.
    other = private("0021xx09", "SIEMENS MR CM 03", "p4", block)
    assert facts_of(xa("TA 01:22*2", parallel=None) | other)["acceleration_in_plane"] is None


@pytest.mark.parametrize(
    ("steps", "parallel", "seconds", "effective"),
    [
        (307, None, 100, 2.0),
        (512, None, 167, 3.335),
        (512, "p2", 83, 1.668),
        (192, None, 62, 1.251),
    ],
)
def test_siemens_classic_of_va_to_ve_keeps_its_rule(
    steps: int, parallel: str | None, seconds: int, effective: float
) -> None:
    instance = xa(
        f"TA {seconds // 60:02}:{seconds % 60:02}",
        parallel=None,
        SoftwareVersions="syngo MR E11",
        ImageType=["ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"],
        NumberOfPhaseEncodingSteps=steps,
    )
    if parallel:
        instance |= private("0051xx11", "SIEMENS MR HEADER", parallel)
    found = facts_of(instance, slices=9)
    assert found["effective_averages_state"] == "told"
    assert found["effective_averages"] == pytest.approx(effective, abs=0.001)
    assert found["acceleration_in_plane"] == (2.0 if parallel else 1.0)


# A 2D turbo spin echo in nine concatenations: 128 lines in trains of 128 / 4 at 955 ms.
CONCATENATED: dict[str, Any] = {
    "Manufacturer": "SIEMENS",
    "SoftwareVersions": "syngo MR E11",
    "ImageType": ["ORIGINAL", "PRIMARY", "M", "NORM"],
    "SequenceVariant": ["SK", "SP"],
    "RepetitionTime": 955,
    "EchoTime": 60,
    "EchoTrainLength": 32,
    "NumberOfPhaseEncodingSteps": 128,
    "AcquisitionMatrix": [256, 0, 0, 128],
    "nex": 1,
    "parallel": None,
}


def test_siemens_concatenations_are_packages_and_as_sound_as_a_plain_text() -> None:
    found = facts_of(xa("TA 03.82*9", **CONCATENATED), slices=27)
    assert [found[f"scan_time_{name}"] for name in ("s", "method", "confidence")] == [
        34.38,
        "siemens_text",
        "high",
    ]
    assert (found["scan_time_formula_s"], found["scan_time_agreement"]) == (34.38, "agrees")
    assert shown(found) == (1.0, 1.0, "told")


def test_siemens_concatenations_are_checked_and_tell_what_the_steps_do_not() -> None:
    # Twice the time of what the header says: not assessable.
    assert shown(facts_of(xa("TA 07.64*9", **CONCATENATED), slices=27)) == (
        1.0,
        None,
        "time_disagrees",
    )
    # Without steps, the time of one package tells the oversampling.
    without = CONCATENATED | {"NumberOfPhaseEncodingSteps": None}
    assert shown(facts_of(xa("TA 07.64*9", **without), slices=27)) == (1.0, 2.0, "from_scan_time")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"MRAcquisitionType": "3D"}, id="3D has no concatenations"),
        pytest.param({"ScanningSequence": "GR"}, id="a gradient echo"),
        pytest.param({"NumberOfTemporalPositions": 9}, id="time points"),
    ],
)
def test_siemens_products_of_other_scans_are_measurements(changes: dict[str, Any]) -> None:
    found = facts_of(xa("TA 03.82*9", **CONCATENATED, **changes), slices=27)
    assert (found["scan_time_s"], found["scan_time_confidence"]) == (34.38, "low")


def test_siemens_products_with_several_acquisition_numbers_are_measurements() -> None:
    images = [xa("TA 03.82*9", **CONCATENATED, AcquisitionNumber=n) for n in range(1, 10)]
    assert facts_of(*images)["scan_time_confidence"] == "low"


def test_siemens_more_parts_than_slices_are_no_packages() -> None:
    assert facts_of(xa("TA 03.82*9", **CONCATENATED), slices=4)["scan_time_confidence"] == "low"

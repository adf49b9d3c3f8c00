"""What GE headers mean, with the values measured on them.

The values are those of real scanners, the data sets are made up. What is known of the scan beside
the header (the console, the stated time) is the right answer.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.modalities.mr.vendors.headers import Instance, facts_of, header, private

GEMS_IMAG = "GEMS_IMAG_01"
EFFECTIVE = ("effective_averages", "effective_averages_state")


def ge(
    options: list[str],
    nex: float | None,
    excitations: float | None,
    ratio: float | None = None,
    *,
    block: int = 0x10,
    creator: str = GEMS_IMAG,
    **changes: object,
) -> Instance:
    """A GE turbo spin echo: 256 lines in trains of 29 at 4014 ms, as in a sagittal T2.

    Args:
        options: Scan Options.
        nex: Number of Averages (0018,0083).
        excitations: Number of Excitations (0027,xx62).
        ratio: Stated scan time over that of one average.
        block: Private block of the excitations.
        creator: Its creator.
        changes: Other attributes.
    """
    one_average_s = 4.014 * 9
    found = header(
        **{
            "Manufacturer": "GE MEDICAL SYSTEMS",
            "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
            "ScanningSequence": "SE",
            "SequenceVariant": "SK",
            "ScanOptions": options,
            "MRAcquisitionType": "2D",
            "RepetitionTime": 4014,
            "EchoTime": 110,
            "EchoTrainLength": 29,
            "PixelBandwidth": 244,
            "AcquisitionMatrix": [0, 384, 256, 0],
            "InPlanePhaseEncodingDirection": "ROW",
            "NumberOfAverages": nex,
        }
        | changes
    )
    if excitations is not None:
        found |= private("0027xx62", creator, excitations, block, "FL")
    if ratio is not None:
        found |= private("0019xx5A", "GEMS_ACQU_01", ratio * one_average_s * 1e6, vr="FL")
    return found


NPW = ["FAST_GEMS", "NPW", "TRF_GEMS"]


@pytest.mark.parametrize(
    ("nex", "excitations", "ratio"),
    [
        (2, 4, 4.12),
        (3, 6, 6.26),
        (1.5, 3, 3.08),
        (1.5, 3, 3.13),
        (1, 2, 2.03),
        (0.5, 1, 1.04),
    ],
)
@pytest.mark.parametrize("block", [0x10, 0x11, 0xE1])
def test_ge_no_phase_wrap_shows_half_of_the_console(
    nex: float, excitations: float, ratio: float, block: int
) -> None:
    found = facts_of(ge(NPW, nex, excitations, ratio, block=block), slices=11)
    assert (found["nex"], found["nex_source"]) == (excitations, "ge_private")
    assert tuple(found[name] for name in EFFECTIVE) == (excitations, "told")
    assert found["scan_time_agreement"] == "agrees"
    # Without the private element the half is doubled.
    without = facts_of(ge(NPW, nex, None, ratio), slices=11)
    assert (without["nex"], without["nex_source"]) == (excitations, "ge_no_phase_wrap")
    assert (without["nex_min"], without["nex_max"]) == (excitations, excitations)
    assert tuple(without[name] for name in EFFECTIVE) == (excitations, "told")
    # So it is where another creator has an element of that number.
    other = facts_of(ge(NPW, nex, 77, ratio, creator="GEMS_OTHER_01"), slices=11)
    assert other["nex"] == excitations


@pytest.mark.parametrize("nex", [0.5, 0.75, 1, 2, 4])
def test_ge_without_no_phase_wrap_shows_the_console(nex: float) -> None:
    for excitations in (nex, None):
        found = facts_of(ge(["FAST_GEMS"], nex, excitations, nex), slices=11)
        assert tuple(found[name] for name in ("nex", *EFFECTIVE)) == (nex, nex, "told")


def test_ge_averages_only_in_the_private_element() -> None:
    found = facts_of(ge(["FAST_GEMS"], None, 2, 2.0), slices=11)
    assert tuple(found[name] for name in ("nex", *EFFECTIVE)) == (2.0, 2.0, "told")
    absent = facts_of(ge(NPW, None, None, 2.0), slices=11)
    assert tuple(absent[name] for name in ("nex", *EFFECTIVE)) == (None, None, "nex_missing")


def test_ge_averages_that_vary_show_in_the_private_element() -> None:
    images = [ge(NPW, 1, 2), ge(NPW, 1, 2), ge(NPW, 2, 4)]
    found = facts_of(*images)
    shown = [found[name] for name in ("nex", "nex_min", "nex_max", "nex_distinct")]
    assert shown == [2.0, 2.0, 4.0, 2]
    assert found["effective_averages_state"] == "nex_varies"


def test_ge_cube_with_no_phase_wrap() -> None:
    changes: dict[str, Any] = {"MRAcquisitionType": "3D", "EchoTrainLength": 120}
    cube = ge([*NPW, "ACC_GEMS"], 0.5, 1, **changes)
    cube |= private("0043xx83", "GEMS_PARM_01", [0.5, 0.5], vr="DS")
    found = facts_of(cube)
    assert (found["nex"], found["effective_averages"]) == (1.0, 0.25)


@pytest.mark.parametrize("slices", [11, 40, 44, 80, 120])
@pytest.mark.parametrize("excitations", [None, 2.0])
def test_no_number_of_packages_hides_a_factor_of_two(
    slices: int, excitations: float | None
) -> None:
    # The header says 2 averages and the time is that of 4: whatever the packages, not assessable.
    packages = facts_of(ge(["FAST_GEMS"], 2, 2), slices=slices)["scan_time_formula_s"] / 72.252
    found = facts_of(ge(["FAST_GEMS"], 2, excitations, 4.0 * packages), slices=slices)
    assert tuple(found[name] for name in EFFECTIVE) == (None, "time_disagrees")


def test_a_rectangular_field_hides_no_factor_of_two() -> None:
    # Halved averages that were doubled: half of a field would explain a time twice as long.
    changes: dict[str, Any] = {"PercentPhaseFieldOfView": 50}
    found = facts_of(ge(NPW, 1, None, 2.0, **changes), slices=11)
    assert tuple(found[name] for name in EFFECTIVE) == (None, "time_disagrees")
    known = facts_of(ge(NPW, 1, 2, 2.0, **changes), slices=11)
    assert tuple(known[name] for name in EFFECTIVE) == (2.0, "told")


def test_another_manufacturers_npw_halves_nothing() -> None:
    found = facts_of(ge(NPW, 2, None, Manufacturer="Hitachi Medical Corporation"))
    assert found["nex"] == 2.0


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"options": ["FAST_GEMS", "PROP_GEMS"]}, id="scan options"),
        pytest.param({"ImageType": ["ORIGINAL", "PRIMARY", "PROPELLER"]}, id="image type"),
        pytest.param({"sequence": "FSE/Prop"}, id="pulse sequence name"),
        pytest.param({"sequence": "PROPELLER"}, id="pulse sequence name, spelled out"),
        pytest.param({"SeriesDescription": "AX T2 PROP FS"}, id="description"),
    ],
)
def test_ge_propeller_is_never_cartesian(changes: dict[str, Any]) -> None:
    options = changes.pop("options", ["FAST_GEMS"])
    sequence = changes.pop("sequence", None)
    instance = ge(options, 1, 1, 1.0, **changes)
    if sequence is not None:
        instance |= private("0019xx9C", "GEMS_ACQU_01", sequence)
    found = facts_of(instance, slices=11)
    assert found["trajectory"] == "rotating_blades"
    assert tuple(found[name] for name in EFFECTIVE) == (None, "no_rule")


def test_ge_without_propeller_is_cartesian() -> None:
    instance = ge(["FAST_GEMS"], 1, 1, 1.0) | private("0019xx9C", "GEMS_ACQU_01", "FSE-XL")
    assert facts_of(instance, slices=11)["trajectory"] == "cartesian"

"""What leaves its target or its past, and where: found, located, and no false green."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from protocol_assets.analysis.drift import Compliance, compliance
from protocol_assets.analysis.frame import prepared
from protocol_assets.analysis.levels import current_levels
from protocol_assets.analysis.protocol_sheet import protocol_sheet, reference_devices
from protocol_assets.analysis.references import references
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from tests.unit.analysis.fleets import START, acquisitions, devices, no_targets, targets

LAST = 119
AS_OF = START + pd.Timedelta(days=LAST)
DAYS = range(LAST + 1)


def fleet(**changed: Any) -> pd.DataFrame:
    """Three scanners that run one protocol alike; the changed columns are those of the last."""
    return devices(
        3, lambda i: acquisitions(DAYS, device_key=f"D{i}", **(changed if i == 2 else {}))
    )


def found(frame: pd.DataFrame, signed: pd.DataFrame | None = None, **arguments: Any) -> Compliance:
    signed = no_targets() if signed is None else signed
    return compliance(prepared(frame, AVERAGING), AVERAGING, signed, AS_OF, **arguments)


def the_one(frame: pd.DataFrame, kind: str, **arguments: Any) -> pd.Series:
    result = found(frame, **arguments)
    assert result.findings["kind"].tolist() == [kind]
    one = result.findings.iloc[0]
    assert one["device_key"] == "D2"
    assert one["protocol_key"] == frame["protocol_key"].iloc[0]
    return one


def once(usual: Any, other: Any) -> list[Any]:
    """One acquisition in a hundred and twenty, of the last weeks."""
    return [usual] * (LAST - 3) + [other] + [usual] * 3


def test_a_fleet_that_keeps_to_its_protocol_has_no_finding_and_was_watched() -> None:
    result = found(fleet())
    assert result.findings.empty
    assert result.series["state"].tolist() == ["watched"] * 3
    assert (result.series["n_parameters"] >= 15).all()


# The five classes that tools which compare one set of images call compliant.


def test_nex_three_on_one_scanner() -> None:
    one = the_one(fleet(nex=3.0), "above comparable")
    assert (one["expected"], one["observed"], one["share"]) == (1, 3, 1)


def test_where_a_target_is_signed_it_judges_and_not_the_comparison() -> None:
    kinds = set(found(fleet(nex=3.0), targets({"value": 3.0})).findings["kind"])
    assert "above comparable" not in kinds
    elsewhere = found(fleet(nex=3.0), targets({"value": 3.0, "model": "another"}))
    assert "above comparable" in set(elsewhere.findings["kind"])


def test_tr_off_in_one_study() -> None:
    one = the_one(fleet(tr_ms=once(3400.0, 4600.0)), "departure")
    assert (one["parameter"], one["expected"], one["observed"]) == ("tr_ms", 3400, 4600)
    assert one["n_affected"] == 1
    assert one["share"] == pytest.approx(1 / 28)
    assert one["exam_key"] == f"D2.sag_t2.exam.{LAST - 3}"


def test_a_missing_te() -> None:
    one = the_one(fleet(te_ms=once(102.0, None)), "not told")
    assert (one["parameter"], one["n_affected"]) == ("te_ms", 1)


def test_one_slice_with_another_nex() -> None:
    one = the_one(fleet(nex_max=once(1.0, 2.0)), "varies within series")
    assert (one["parameter"], one["n_affected"]) == ("nex", 1)
    assert (one["expected"], one["observed"]) == (1, 2)


def test_nex_of_enhanced_images_counts_like_any_other() -> None:
    """Enhanced headers hold averages in functional groups, lines exactly and no steps."""
    frame = fleet(nex=3.0, phase_encoding_steps=None, effective_averages=3.0)
    assert the_one(frame, "above comparable")["observed"] == 3


def test_the_scanner_that_averages_least_is_not_flagged() -> None:
    frame = devices(3, lambda i: acquisitions(DAYS, device_key=f"D{i}", nex=[3.0, 3.0, 1.0][i]))
    assert found(frame).findings.empty


@pytest.mark.parametrize(
    ("parameter", "usual", "other"),
    [
        ("tr_ms", 3400.0, 4000.0),
        ("te_ms", 102.0, 90.0),
        ("ti_ms", 160.0, 220.0),
        ("flip_angle_deg", 150.0, 120.0),
        ("echo_train_length", 18.0, 12.0),
        ("slice_thickness_mm", 4.0, 3.0),
        ("bandwidth_hz_per_px", 190.0, 250.0),
        ("acceleration_in_plane", 1.0, 2.0),
        ("phase_oversampling_percent", 0.0, 50.0),
        ("partial_fourier_fraction", 1.0, 0.75),
        ("coil_code", "C", "OLD"),
        ("trajectory", "cartesian", "rotating_blades"),
        ("nex", 2.0, 1.0),
    ],
)
def test_most_exams_elsewhere_is_drift(parameter: str, usual: Any, other: Any) -> None:
    values = [usual] * (LAST - 19) + [other] * 20
    frame = fleet(**{parameter: values, "effective_averages": 1.0})
    result = found(frame).findings
    drifted = result[(result["kind"] == "drift") & (result["parameter"] == parameter)]
    assert drifted["device_key"].tolist() == ["D2"]
    one = drifted.iloc[0]
    told = (
        ("expected_term", "observed_term") if isinstance(usual, str) else ("expected", "observed")
    )
    assert (one[told[0]], one[told[1]]) == (usual, other)
    assert one["share"] == pytest.approx(20 / 28)
    assert one["first_day"] == AS_OF - pd.Timedelta(days=19)


def test_a_drift_does_not_hide_a_single_exam_off_the_new_setting_too() -> None:
    values = [3400.0] * (LAST - 19) + [4000.0] * 10 + [5400.0] + [4000.0] * 9
    result = found(fleet(tr_ms=values)).findings.set_index("kind")
    assert sorted(result.index) == ["departure", "drift"]
    assert result.loc["drift", "n_affected"] == 20
    one = result.loc["departure"]
    assert (one["expected"], one["observed"], one["n_affected"]) == (4000, 5400, 1)
    assert one["exam_key"] == f"D2.sag_t2.exam.{LAST - 9}"


def test_wandering_within_the_tolerance_is_none() -> None:
    random = np.random.default_rng(0)
    frame = fleet(tr_ms=3400 * random.uniform(0.97, 1.03, LAST + 1))
    assert found(frame).findings.empty


def test_a_parameter_that_the_protocol_does_not_fix_is_named_not_watched() -> None:
    random = np.random.default_rng(0)
    result = found(fleet(phase_oversampling_percent=random.uniform(0, 100, LAST + 1)))
    assert result.findings.empty
    assert "phase_oversampling_percent" in result.series["not_tracked"].iloc[2]


def test_what_was_changed_on_purpose_has_its_past_from_that_day_on() -> None:
    nex = [2.0] * (LAST - 19) + [1.0] * 20
    frame = devices(3, lambda i: acquisitions(DAYS, device_key=f"D{i}", nex=nex))
    assert set(found(frame).findings["kind"]) == {"drift"}
    keys = [(f"D{i}", frame["protocol_key"].iloc[0]) for i in range(3)]
    index = pd.MultiIndex.from_tuples(keys, names=["device_key", "protocol_key"])
    since = pd.Series([AS_OF - pd.Timedelta(days=19)] * 3, index=index)
    assert found(frame, since=since).findings.empty


def test_leaving_a_signed_target_is_a_finding_of_its_own() -> None:
    frame = fleet(te_ms=90.0)
    signed = targets({"parameter": "te_ms", "value": 102.0})
    one = the_one(frame, "off target", signed=signed)
    assert (one["parameter"], one["expected"], one["observed"], one["share"]) == (
        "te_ms",
        102,
        90,
        1,
    )


def test_too_little_is_insufficient_not_green() -> None:
    few = acquisitions(range(LAST - 6, LAST + 1), device_key="F", tr_ms=[3400.0] * 6 + [9000.0])
    result = found(few)
    assert result.findings.empty
    assert result.series["state"].tolist() == ["insufficient"]


def test_a_young_protocol_is_compared_with_its_own_mode() -> None:
    tr_ms = [3400.0] * 9 + [4600.0]
    young = acquisitions(range(LAST - 9, LAST + 1), device_key="D2", tr_ms=tr_ms)
    assert the_one(young, "departure")["n_affected"] == 1


def exams_of(device: str, roles: list[str], lacking: dict[int, str]) -> pd.DataFrame:
    parts = []
    for role in roles:
        part = acquisitions(DAYS, device_key=device, role=role)
        part["exam_key"] = [f"{device}.exam.{i}" for i in DAYS]
        parts.append(part[[lacking.get(i) != role for i in DAYS]])
    return pd.concat(parts, ignore_index=True)


def test_a_sequence_that_an_exam_lacks_is_named() -> None:
    roles = ["sag_t1", "sag_t2", "ax_t2"]
    frame = exams_of("D2", roles, {LAST - 2: "ax_t2", 10: "sag_t1"})
    result = found(frame).findings
    assert result["kind"].tolist() == ["sequence missing"]
    one = result.iloc[0]
    assert one["expected_term"] == "ax_t2.none"
    assert one["protocol_key"] == "lumbar_spine.ax_t2.none.1.5"
    assert one["exam_key"] == f"D2.exam.{LAST - 2}"
    assert one["n_affected"] == 1


def test_a_sequence_that_is_often_left_out_belongs_to_no_protocol() -> None:
    lacking = {i: "ax_t2" for i in DAYS if i % 4 == 0}
    assert found(exams_of("D2", ["sag_t1", "sag_t2", "ax_t2"], lacking)).findings.empty


def test_the_sheet_sets_a_scanner_beside_the_peers_at_its_reference() -> None:
    frame = prepared(
        devices(
            8,
            lambda i: acquisitions(
                DAYS, device_key=f"D{i}", nex=2.0 if i == 0 else 1.0, te_ms=102.0 if i else 90.0
            ),
        ),
        AVERAGING,
    )
    key = ("D0", frame["protocol_key"].iloc[0])
    levels = current_levels(frame, AVERAGING, AS_OF)
    peers = reference_devices(
        levels, AVERAGING, references(levels, AVERAGING, no_targets(), AS_OF), key
    )
    assert peers == [f"D{i}" for i in range(1, 8)]
    sheet = protocol_sheet(frame, AVERAGING.parameters(), key, peers, AS_OF).set_index("parameter")
    assert sheet.index.tolist() == [one.name for one in AVERAGING.parameters()]
    assert (sheet.loc["nex", "value"], sheet.loc["nex", "reference"]) == (2, 1)
    differing = ["averaging", "effective_averages", "nex", "te_ms"]
    assert sheet.index[sheet["differs"].eq(True)].tolist() == differing
    assert sheet.loc["ti_ms", "value"] is None
    assert sheet.loc["ti_ms", "differs"] is None
    assert sheet.loc["te_ms", "reference_devices"] == 7


def test_a_sheet_of_nothing_is_refused() -> None:
    frame = prepared(fleet(), AVERAGING)
    with pytest.raises(ValueError, match="no acquisition"):
        protocol_sheet(frame, AVERAGING.parameters(), ("D9", "x"), [], AS_OF)


def confirmed(nex: Any, days: Any) -> pd.DataFrame:
    frame = prepared(acquisitions(days, nex=nex, effective_averages=1.0, device_key="A"), AVERAGING)
    result = compliance(
        frame, AVERAGING, no_targets(), START + pd.Timedelta(days=int(days.max()))
    ).findings
    return result[result["kind"].isin(["drift", "departure"])].set_index("parameter")


def test_a_drift_of_a_handful_of_exams_is_a_note() -> None:
    days = np.concatenate([np.arange(0, 300, 3), [340, 345, 350, 355]])
    few = confirmed(np.where(days < 330, 2.0, 1.0), days)
    assert (few.loc["nex", "kind"], few.loc["nex", "is_confirmed"]) == ("drift", False)
    days = np.concatenate([days, [341, 346, 351, 356]])
    more = confirmed(np.where(days < 330, 2.0, 1.0), days)
    assert (more.loc["nex", "kind"], more.loc["nex", "is_confirmed"]) == ("drift", True)
    assert more["q_value"].astype(float).to_dict()["nex"] <= 0.1


def test_what_the_past_does_as_often_is_no_drift() -> None:
    """Two variants in turn: that most recent exams are of the rarer one happens by chance."""
    days = np.concatenate([np.arange(0, 300, 3), np.arange(332, 357, 5)])
    nex = np.where(np.arange(len(days)) % 5 < 2, 1.0, 2.0)
    nex[-5:] = [1.0, 1.0, 1.0, 2.0, 1.0]
    found = confirmed(nex, days)
    assert not found["is_confirmed"].any()


def test_false_discoveries_are_counted_over_all_that_was_compared() -> None:
    """Forty scanners whose every fourth exam is another variant: none of them drifts."""
    random = np.random.default_rng(4)
    frame = prepared(
        devices(
            40,
            lambda i: acquisitions(
                np.arange(0, 360, 4),
                device_key=f"D{i}",
                nex=random.choice([1.0, 1.0, 1.0, 2.0], 90),
                effective_averages=1.0,
            ),
        ),
        AVERAGING,
    )
    found = compliance(frame, AVERAGING, no_targets(), START + pd.Timedelta(days=359)).findings
    assert len(found[found["parameter"] == "nex"]) > 20
    assert not found["is_confirmed"].any()

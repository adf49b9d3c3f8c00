"""Acquisitions: what one scan made is one, what was scanned one after the other is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.modalities.mr.acquisitions.grouping import (
    Acquired,
    Membership,
    group,
    signature,
)

TEN = datetime.fromisoformat("2024-03-05T10:00:00")
T1 = {
    "RepetitionTime": 560.0,
    "AcquisitionMatrix": [0, 320, 256, 0],
    "ScanningSequence": "SE",
    "ImageOrientationPatient": [0.0, 1.0, 0.0, 0.0, 0.0, -1.0],
}


def one(
    seconds: float | None = 0.0,
    number: float = 1.0,
    *,
    look: object = "M",
    kind: Literal["scanned", "made"] | None = "scanned",
    study: str = "A",
    patient: str | None = "p",
    device: str | None = "d",
    uid: str | None = None,
    nex: float | None = 2.0,
    name: tuple[str, ...] = ("SAG", "T1"),
    length: float | None = 160.0,
    **changes: object,
) -> Acquired:
    row = T1 | changes
    tr = row["RepetitionTime"]
    return Acquired(
        patient=patient,
        device=device,
        study=study,
        series=f"{study}.{number}.{seconds}.{look}",
        uid=uid,
        kind=kind,
        start=None if seconds is None else TEN + timedelta(seconds=seconds),
        scan_time_s=length,
        tr_ms=tr if isinstance(tr, float) else None,
        signature=signature(row, sop_class="mr_image", has_contrast=False),
        nex=nex,
        name=name,
        look=(look,),
        number=number,
    )


def distinct(*partition: Acquired) -> int:
    return len({membership.acquisition for membership in group(partition)})


@pytest.mark.parametrize(
    "partition",
    [
        pytest.param([one(look="M"), one(0, 2, look="P")], id="magnitude and phase"),
        pytest.param([one(look="NORM"), one(0, 2, look="ND")], id="normalized and not"),
        pytest.param(
            [one(look="M"), one(0.6025, 2, look="P")], id="a phase map starts at its second echo"
        ),
        pytest.param([one(0.4999), one(0.5001, 2, look="P")], id="half a second rounds both ways"),
        pytest.param([one(0.9), one(1.1, 2, look="P")], id="a second begins in between"),
        pytest.param([one(0), one(0.7, look="P")], id="fraction cut off"),
        pytest.param([one(look=e) for e in (4.9, 7.4, 9.8)], id="each echo a series"),
        pytest.param(
            [one(look="INV1", RepetitionTime=5000.0), one(2.2, 2, look="INV2", RepetitionTime=5e3)],
            id="the second inversion, within a repetition",
        ),
        pytest.param([one(look="M"), one(0, 2, look="P", nex=None)], id="a part without averages"),
        pytest.param([one(), one(0, 2, look="ADC", kind="made", nex=6.0)], id="a map"),
        pytest.param(
            [one(), one(30, 2, look="ADC", kind="made", RepetitionTime=1.0, name=("MAP",))],
            id="made of images in the middle of the scan",
        ),
        pytest.param([one(), one(None, 9, look="MPR", kind="made")], id="by its name, no start"),
        pytest.param([one(), one(4000, 9, look="MPR", kind="made")], id="by its name, made later"),
        pytest.param([one(), one(0, study="B")], id="sent again under new UIDs"),
        pytest.param(
            [one(uid="1"), one(0, study="B", uid="2")], id="sent again, new Acquisition UID"
        ),
        pytest.param(
            [one(uid="1"), one(20, 2, uid="1", RepetitionTime=8.0)], id="one Acquisition UID"
        ),
        pytest.param([one(), one(look="ND", device=None)], id="a part without serial number"),
        pytest.param(
            [one(look="NORM"), one(9.0, 2, look="ND")], id="first images of a part missing"
        ),
    ],
)
def test_one_acquisition(partition: list[Acquired]) -> None:
    assert distinct(*partition) == 1
    assert distinct(*reversed(partition)) == 1


@pytest.mark.parametrize(
    "partition",
    [
        pytest.param([one(), one(1.0, 2)], id="a second later"),
        pytest.param([one(), one(200, 2, look="P")], id="after the scan"),
        pytest.param([one(), one(0, 2, RepetitionTime=600.0)], id="repetition time"),
        pytest.param([one(), one(0, 2, AcquisitionMatrix=[0, 320, 320, 0])], id="matrix"),
        pytest.param([one(), one(0, 2, ScanningSequence="GR")], id="sequence"),
        pytest.param(
            [one(), one(0, 2, ImageOrientationPatient=[1.0, 0.0, 0.0, 0.0, 0.0, -1.0])], id="plane"
        ),
        pytest.param([one(), one(0, 2, nex=1.0)], id="averages"),
        pytest.param([one(), one(0, 2, name=("SAG", "T1", "POST"))], id="name"),
        pytest.param([one(), one(0, patient="q", study="B")], id="another patient"),
        pytest.param([one(), one(0, device="e", study="B")], id="another scanner"),
        pytest.param([one(uid="1"), one(0, 2, uid="2")], id="two Acquisition UIDs"),
        pytest.param([one(None), one(None, 2)], id="no start"),
        pytest.param([one(), one(100, 2)], id="repeated after it was stopped"),
        pytest.param([one(), one(None, 9, kind="made", name=("OTHER",))], id="a map of another"),
        pytest.param([one(200), one(0, 9, kind="made")], id="a map from before the scan"),
    ],
)
def test_two_acquisitions(partition: list[Acquired]) -> None:
    assert distinct(*partition) == 2
    assert distinct(*reversed(partition)) == 2


def test_a_start_that_different_scans_share_is_no_start() -> None:
    """A vendor writes the study's time as the start of every scan: two T1, each with its phase."""
    other = one(0, 9, RepetitionTime=3400.0)
    partition = [one(0, 1), one(0, 2, look="P"), one(0, 3), one(0, 4, look="P"), other]
    first, first_phase, second, second_phase, third = (m.acquisition for m in group(partition))
    assert first == first_phase
    assert second == second_phase
    assert len({first, second, third}) == 3


def test_the_second_of_a_minute_names_the_acquisition() -> None:
    (membership,) = group([one(0.7)])
    assert membership.acquisition == (
        "p|d|2024-03-05T10:00:00|mr_image|560.0|(0.0, 320.0, 256.0, 0.0)||SE||"
        "(0.0, 1.0, 0.0, 0.0, 0.0, -1.0)|False|2.0|SAG_T1"
    )


def test_another_pacs_cuts_fractions_and_gives_the_same_identifier() -> None:
    assert group([one(0.7)]) == group([one(0.0)])


def test_two_echoes_in_two_pacs_give_the_same_identifier() -> None:
    both = [one(look=4.9), one(0, 2, look=7.4)]
    assert group(both)[0] == group(both[1:])[0]


def test_a_map_without_its_original() -> None:
    (lonely,) = group([one(look="ADC", kind="made")])
    assert not lonely.has_original
    named_twice = [one(0), one(400, 2), one(900, 3, kind="made")]
    assert group(named_twice)[2].has_original


def test_water_and_fat_without_original_are_one() -> None:
    water, fat = one(look="W", kind="made"), one(0.3, 2, look="F", kind="made")
    assert group([water, fat])[0] == group([water, fat])[1]
    assert not group([water, fat])[0].has_original


def test_reports_are_their_own() -> None:
    assert distinct(one(kind=None), one(0, 2, kind=None)) == 2


def test_a_series_without_uid_has_no_acquisition() -> None:
    assert group([replace(one(None), series=None)]) == [Membership(None, True)]


ANY = st.builds(
    one,
    st.none() | st.sampled_from([0.0, 0.4, 0.9, 1.0, 1.4, 60.0, 300.0]),
    st.integers(1, 5),
    look=st.sampled_from("MP"),
    kind=st.sampled_from(["scanned", "scanned", "made", None]),
    study=st.sampled_from("AB"),
    patient=st.sampled_from(["p", "p", "q", None]),
    device=st.sampled_from(["d", "d", None]),
    uid=st.sampled_from([None, None, "1", "2"]),
    nex=st.sampled_from([None, 1.0, 2.0]),
    name=st.sampled_from([("A",), ("B",), ()]),
    length=st.sampled_from([None, 20.0, 1e300]),
    RepetitionTime=st.sampled_from([8.0, 5000.0]),
)


def numbered(partition: list[Acquired]) -> list[Acquired]:
    """Every series with its own UID, as a partition has them."""
    return [replace(series, series=str(i)) for i, series in enumerate(partition)]


@given(st.lists(ANY, max_size=9).map(numbered), st.permutations(range(9)))
def test_the_order_of_rows_changes_nothing(partition: list[Acquired], order: list[int]) -> None:
    grouped = group(partition)
    order = [place for place in order if place < len(partition)]
    assert group([partition[i] for i in order]) == [grouped[i] for i in order]


@given(st.lists(ANY, max_size=7).map(numbered), st.lists(ANY, max_size=5).map(numbered))
def test_other_studies_change_nothing(partition: list[Acquired], others: list[Acquired]) -> None:
    unrelated = [
        replace(series, patient="x", device="y", study="Z", series=f"z{series.series}")
        for series in others
    ]
    assert group([*unrelated, *partition])[len(unrelated) :] == group(partition)


@given(st.lists(ANY, max_size=7).map(numbered))
def test_what_is_sent_again_adds_no_acquisition(partition: list[Acquired]) -> None:
    known = [
        replace(s, study="A", patient="p", device="d") for s in partition if s.start and s.kind
    ]
    twin = [replace(series, study="T", series=f"t{series.series}", uid=None) for series in known]
    plain = [replace(series, uid=None) for series in known]
    assert distinct(*plain, *twin) == distinct(*plain)

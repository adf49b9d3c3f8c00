from hypothesis import given, settings
from hypothesis import strategies as st

from protocol_assets_simulator import Fleet, Variant


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9), scanners=st.integers(1, 150))
def test_any_fleet_keeps_the_proportions(seed: int, scanners: int) -> None:
    fleet = Fleet(seed=seed, scanners=scanners, studies=scanners * 10, case_mix="lumbar")
    records = fleet.device_protocols
    potential = [record for record in records if record.kind == "potential"]
    assert len(potential) <= round(282 * scanners / 63)
    if scanners >= 12:
        assert abs(len(potential) - 282 * scanners / 63) <= 1
    changing = {record.scanner for record in records if not record.is_control}
    if scanners >= 8:
        assert {record.scanner for record in potential} == changing
    for record in records:
        if record.kind == "potential":
            assert record.after.nex < record.before.nex
        else:
            assert record.after == record.before
    assert sum(record.is_planted for record in records) <= 1


def test_a_harder_fleet_prepares_longer_and_changes_the_repetition_time() -> None:
    fleet = Fleet.lumbar(1, Variant(preparation_s=(5, 10), tr_follows_nex=True))
    easy = Fleet.lumbar(1)
    for hard, plain in zip(fleet.device_protocols, easy.device_protocols, strict=True):
        assert 5 <= hard.before.preparation_s <= 10
        assert (hard.kind, hard.changed_on) == (plain.kind, plain.changed_on)
        if hard.kind == "potential":
            assert 1.03 < hard.after.tr_ms / hard.before.tr_ms < 1.22
            assert plain.after.tr_ms == plain.before.tr_ms

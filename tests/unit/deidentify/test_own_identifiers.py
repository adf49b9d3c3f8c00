from __future__ import annotations

from typing import Any

import pytest

from protocol_assets.deidentify.own_identifiers import OwnIdentifiers


def element(vr: str, *values: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": list(values)}


INSTANCE: dict[str, Any] = {
    "0020000E": element("UI", "1.2.3"),
    "00100010": element("PN", {"Alphabetic": "Müllenhoff^Änne", "Ideographic": "山田^太郎"}),
    "00100020": element("LO", "PAT-0047-11"),
    "00080050": element("SH", "MR2026A"),
    "00100030": element("DA", "19560312"),
    "00400275": element("SQ", {"00321032": element("PN", {"Alphabetic": "Strößner^Jürgen"})}),
    "00104000": element("LT", "back pain"),
}


def own(*instances: dict[str, Any]) -> OwnIdentifiers:
    found = OwnIdentifiers()
    assert list(found.watch(instances)) == list(instances)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "SAG T2 MULLENHOFF",
        "sag_t2_müllenhoff",
        "T2 ÄNNE",
        "T2 Strossner",
        "T2 STRÖẞNER",
        "PAT004711 sag",
        "MR2026A",
        "geb 12.03.1956",
        "T2 19560312",
        "T2 120356",
        "1956",
        "山田 T2",
        "SAGMULLENHOFFT2",
        "T2 MÜLLЕNHOFF",  # a Cyrillic E
    ],
)
def test_own_identifiers_are_found(text: str) -> None:
    assert own(INSTANCE).are_in(text)


@pytest.mark.parametrize("text", ["SAG T2 TSE", "RM TESTA", "back pain", "MR", "PAT sag"])
def test_other_words_are_not(text: str) -> None:
    assert not own(INSTANCE).are_in(text)


def test_a_name_in_a_later_instance_counts() -> None:
    later = {**INSTANCE, "00081070": element("PN", {"Alphabetic": "Penrose^Theodore"})}
    assert own(INSTANCE, later).are_in("PENROSE T2")


def test_strange_elements_are_no_obstacle() -> None:
    strange = {"00100010": "x", "00100020": {"Value": 5}, "00100030": {"vr": "DA", "Value": [None]}}
    found = own({**strange, "00080050": {"vr": "SH", "InlineBinary": "!!"}})
    assert not found.are_in("SAG T2")

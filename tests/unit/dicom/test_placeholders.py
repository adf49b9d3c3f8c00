"""Values that identify nobody and nothing, and values that only look like them."""

from __future__ import annotations

import pytest

from protocol_assets.data import read_table
from protocol_assets.dicom.placeholders import folded, is_placeholder

BOTH = ["0", "0000", "UNKNOWN", "unknown", "N/A", "none", "1234567890", "999999", "XXX", "---", "?"]


@pytest.mark.parametrize("value", BOTH)
@pytest.mark.parametrize("attribute", ["PatientID", "DeviceSerialNumber"])
def test_a_placeholder_of_either(attribute: str, value: str) -> None:
    assert is_placeholder(attribute, value)


@pytest.mark.parametrize(
    "value",
    [
        "ANONYMOUS",
        "Anonymized",
        "anon",
        "TEST",
        "test 01",
        "TestPatient3",
        "PHANTOM",
        "QA",
        "ACR Phantom",
        "No ID",
        "DESCONHECIDO",
        "UNBEKANNT",
        "PatientID",
        "Dummy^1",
        "BİLİNMİYOR",
        "bilinmiyor",
        "Neznámý",
        "okänd",
        "неизвестно",
        "不明",
        "未知",
        "匿名",
        "тест",
        "テスト",
        "ﾃｽﾄ",
        "TESTE",
        "PRUEBA",
        "Necunoscut",
        "IGNORADO",
        "UNIDENTIFIED",
        "NN",
        "N.N.",
        "ZZZZ",
        "QADAILY",
        "TESTMR",
        "VOLUNTEER",
        "Volunteer 3",
    ],
)
def test_nobody(value: str) -> None:
    assert is_placeholder("PatientID", value)


@pytest.mark.parametrize(
    "value",
    ["000000000000GEMS", "GEMS", "1234", "SN", "serial number", "NOT SET", "99999", "AAAAA"],
)
def test_no_scanner(value: str) -> None:
    assert is_placeholder("DeviceSerialNumber", value)


@pytest.mark.parametrize(
    "value",
    ["12345", "777", "10", "ANON0017", "TESTA", "N0010", "QAZ-4411", "張偉", "デスト", "Ñ12"],
)
def test_somebody(value: str) -> None:
    assert not is_placeholder("PatientID", value)


@pytest.mark.parametrize("value", ["41001", "041001", "MR41001", "0000312450MR2", "9999", "1"])
def test_some_scanner(value: str) -> None:
    assert not is_placeholder("DeviceSerialNumber", value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Neznámý", "NEZNAMY"),
        ("неизвестный", "НЕИЗВЕСТНЫЙ"),
        ("テデ ﾃﾞ", "テデデ"),
        ("환자-1", "환자1"),
    ],
)
def test_folding_keeps_the_letters_of_all_scripts(value: str, expected: str) -> None:
    assert folded(value) == expected


def test_every_pattern_says_where_it_comes_from() -> None:
    for row in read_table("identity_placeholders.csv"):
        assert row["source"]
        assert row["meaning"]
        assert set(row["attributes"].split()) <= {"PatientID", "DeviceSerialNumber"}

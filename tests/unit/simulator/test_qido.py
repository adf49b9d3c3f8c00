import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets_simulator.dicom_json import attributes
from protocol_assets_simulator.qido import BadQueryError, Filter, parse


@pytest.mark.parametrize(
    "query",
    [
        "StudyDate=2026",
        "StudyDate=20260230",
        "StudyDate=2026-02-01",
        "StudyDate=-",
        "00080020=20260201-abc",
        "limit=-1",
        "limit=ten",
        "offset=1.5",
        "StudyInstanceUID=../etc",
        "includefield=NoSuchKeyword",
        "NoSuchKeyword=1",
        "fuzzymatching=perhaps",
        "StudyTime=noon",
    ],
)
def test_malformed_queries_are_refused(query: str) -> None:
    with pytest.raises(BadQueryError):
        parse(query, "study")


@given(st.text(max_size=60))
def test_any_query_is_read_or_refused(query: str) -> None:
    for level in ("study", "series"):
        try:
            parse(query, level)
        except BadQueryError:
            continue


def test_a_known_attribute_that_is_not_matched_is_ignored() -> None:
    assert parse("PatientWeight=80&Modality=MR", "study").ignored == ("00101030", "00080060")
    assert not parse("Modality=MR", "series").ignored


def test_includefield_is_a_keyword_a_tag_or_all() -> None:
    query = parse("includefield=StudyDescription&includefield=00080080,all", "study")
    assert query.include == {"00081030", "00080080"}
    assert query.include_all


@pytest.mark.parametrize(
    ("keyword", "held", "wanted", "expected"),
    [
        ("StudyDate", "20260210", "20260210", True),
        ("StudyDate", "20260210", "20260209-20260210", True),
        ("StudyDate", "20260210", "20260211-", False),
        ("StudyDate", "20260210", "-20260210", True),
        ("StudyTime", "101500.5", "1000-1100", True),
        ("StudyTime", "110059", "1000-1100", True),
        ("StudyTime", "110100", "1000-1100", False),
        ("StudyTime", "101500", "1100-", False),
        ("PatientName", "Müller^Käthe", "MÜLL*", True),
        ("PatientID", "N0010", "N00?0", True),
        ("PatientID", "N0010", "n0010", False),
        ("PatientID", "N0010", "N001", False),
        ("ModalitiesInStudy", ("MR", "SR"), "SR", True),
        ("StudyInstanceUID", "1.2", "1.1,1.2", True),
        ("StudyInstanceUID", "1.2", "1.20", False),
    ],
)
def test_matching(keyword: str, held: object, wanted: str, expected: bool) -> None:
    data_set = attributes({keyword: held})
    ((tag, element),) = data_set.items()
    assert Filter(tag, element["vr"], wanted).matches(data_set) is expected

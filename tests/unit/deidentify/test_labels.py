from __future__ import annotations

from collections.abc import Mapping

import pytest

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.labels import (
    Decision,
    JudgedLabel,
    judge_labels,
    labels_table,
    register_texts,
)

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)


def seen(
    text: str, patients: int, *, scanners: int = 2, clean: bool = True
) -> list[dict[str, object]]:
    return [
        {
            "SeriesDescription": text,
            "clean_texts": "SeriesDescription" if clean else None,
            "patient_id": f"p{n}",
            "device_id": f"d{n % scanners}",
        }
        for n in range(patients)
    ]


def judged(
    rows: list[dict[str, object]], decisions: Mapping[str, Decision] | None = None
) -> JudgedLabel:
    (one,) = judge_labels([register_texts(rows, PSEUDONYMS)], decisions or {})
    return one


def test_eleven_distinct_patients_over_all_partitions() -> None:
    partitions = [seen("SAG T2", K_PATIENTS - 1), [*seen("SAG T2", K_PATIENTS), *seen("SAG T2", 1)]]
    parts = [register_texts(rows, PSEUDONYMS) for rows in partitions]
    assert [one.is_released for one in judge_labels(parts, {})] == [True]
    assert [one.is_released for one in judge_labels([parts[0], parts[0]], {})] == [False]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (seen("SAG T2", 50), "vetted"),
        (seen("SAG T2", K_PATIENTS - 1), "few_patients"),
        (seen("SAG T2", 50, scanners=1), "one_scanner"),
        (seen("SAG T2 Whitcombe", 500), "unknown_word"),
        (seen("SAG T2 12.03.1956", 500), "looks_like_identifier"),
        (seen("SAG T2 1234567", 500), "looks_like_identifier"),
        (seen("SAG T2 1956", 500), "unknown_word"),
        (seen("DOE^JOHN", 500), "looks_like_identifier"),
        (seen("SAG T2 <B>", 500), "markup"),
        (seen("SAG [T2](SE)", 500), "markup"),
        (seen("SAG `T2`", 500), "markup"),
        (seen("SAG $T2$", 500), "markup"),
        (seen("SAG T2 &LT;", 500), "markup"),
        (seen("SAG **T2**", 500), "markup"),
        (seen("=SAG T2", 500), "markup"),
        (seen("SAG \\T2", 500), "markup"),
        (seen("SAG T2*", 500), "vetted"),
        (seen("t1_tse_sag (fs) +C 0.5 x 0.5", 500), "vetted"),
        (seen("SAG\u202eT2", 500), "looks_like_identifier"),
        (seen("SAG\u200bT2", 500), "looks_like_identifier"),
        (seen("SAG \x1b[1mT2", 500), "looks_like_identifier"),
    ],
)
def test_the_gate_that_decides(rows: list[dict[str, object]], reason: str) -> None:
    assert judged(rows).reason == reason


def test_the_hospital_overrides_words_and_counts_and_takes_back_the_past() -> None:
    rows = seen("SAG T2 ACME", K_PATIENTS, scanners=1)
    code = judged(rows).label_code
    assert judged(rows).is_pending
    assert judged(rows, {code: "approve"}).is_released
    fine = seen("SAG T2", 500)
    code = judged(fine).label_code
    assert not judged(fine, {code: "deny"}).is_released


def test_the_hospital_may_release_markup_and_nothing_invisible() -> None:
    """Whoever shows a label escapes it; a character that nobody sees is nobody's to judge."""
    rows = seen("SAG T2 <B>", K_PATIENTS)
    assert judged(rows).is_pending
    assert judged(rows, {judged(rows).label_code: "approve"}).is_released
    rows = seen("SAG\u202eT2", 500)
    assert not judged(rows, {judged(rows).label_code: "approve"}).is_released


def test_nobody_releases_what_looks_like_an_identifier() -> None:
    rows = seen("SAG T2 12.03.1956", 500)
    assert not judged(rows, {judged(rows).label_code: "approve"}).is_released


def test_an_occurrence_with_its_own_identifier_neither_counts_nor_bans() -> None:
    rows = [*seen("RM TESTA", 20), *seen("RM TESTA", 20, clean=False)]
    assert judged(rows).series == 20
    assert judged(rows).is_released
    assert register_texts(seen("RM TESTA", 20, clean=False), PSEUDONYMS).num_rows == 0


def test_the_safe_zone_gets_no_withheld_text() -> None:
    rows = [*seen("SAG T2", 50), *seen("SAG T2 Whitcombe", 50)]
    table = labels_table(judge_labels([register_texts(rows, PSEUDONYMS)], {}))
    assert sorted(
        zip(table["label"].to_pylist(), table["state"].to_pylist(), strict=True), key=str
    ) == [
        ("SAG T2", "released"),
        (None, "withheld"),
    ]


def test_no_partition_no_label() -> None:
    assert labels_table(judge_labels([], {})).num_rows == 0


def test_the_registry_counts_one_text_once_a_patient() -> None:
    rows = [*seen("SAG T2", 2), *seen("SAG T2", 2)]
    assert register_texts(rows, PSEUDONYMS)["series"].to_pylist() == [2, 2]

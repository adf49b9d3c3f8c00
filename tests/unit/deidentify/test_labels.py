from __future__ import annotations

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.labels import K_PATIENTS, register_texts, release_labels

PSEUDONYMS = Pseudonyms.from_secret(bytes(range(32)).hex(), demo=False)


def seen(text: str, patients: int) -> list[dict[str, object]]:
    return [
        {"label_text": text, "SeriesDescription": text, "patient_id": f"p{n}", "device_id": "d"}
        for n in range(patients)
    ]


def labels(patients: int, *, demo: bool) -> list[tuple[str | None, str]]:
    parts = [
        register_texts(seen("SAG T2", patients - 1), PSEUDONYMS),
        register_texts([*seen("SAG T2", patients), *seen("SAG T2", 1)], PSEUDONYMS),
    ]
    table = release_labels(parts, demo=demo)
    return list(zip(table["label"].to_pylist(), table["state"].to_pylist(), strict=True))


def test_a_label_needs_eleven_distinct_patients_over_all_cells() -> None:
    assert labels(K_PATIENTS, demo=True) == [("SAG T2", "released")]
    assert labels(K_PATIENTS - 1, demo=True) == [(None, "withheld")]


def test_outside_the_demo_every_label_is_withheld() -> None:
    assert labels(500, demo=False) == [(None, "withheld")]


def test_no_cell_no_label() -> None:
    assert release_labels([], demo=True).num_rows == 0


def test_the_registry_counts_one_text_once_a_patient() -> None:
    registry = register_texts([*seen("SAG T2", 2), *seen("SAG T2", 2)], PSEUDONYMS)
    assert registry["series"].to_pylist() == [2, 2]

from __future__ import annotations

from protocol_assets.dicom.columns import series_columns, series_schema, spec_version
from protocol_assets.dicom.flatten import flatten_study


def test_schema_and_flattening_agree() -> None:
    instance = {"0020000E": {"vr": "UI", "Value": ["1.2"]}}
    (row,) = flatten_study([instance]).rows
    names = ["pacs", *row]
    assert series_schema().names[: len(names)] == names
    assert series_schema().names[len(names) :] == [
        *("clean_texts", "shared_patient_id"),
        *("kept_patient_key", "kept_device_key", "kept_station_code", "kept_key_id"),
    ]


def test_every_column_is_described() -> None:
    assert len(series_columns()) >= 80
    for field in series_schema():
        assert field.metadata[b"description"], field.name


def test_private_attributes_are_found_by_creator() -> None:
    private = [column for column in series_columns() if column.group == "private"]
    assert private
    for column in private:
        paths = [*column.paths, *filter(None, [column.functional_group_path])]
        assert paths
        assert all(path.steps[-1].creator for path in paths), column.name


def test_version_follows_the_file() -> None:
    assert spec_version() == spec_version()
    assert len(spec_version().split("-")[1]) == 12

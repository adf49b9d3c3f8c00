from __future__ import annotations

from pydicom.datadict import dictionary_VM

from protocol_assets.dicom.columns import series_columns, series_schema, spec_version
from protocol_assets.dicom.flatten import flatten_study
from protocol_assets.dicom.paths import Step
from protocol_assets.modalities.mr.spec import MR


def test_schema_and_flattening_agree() -> None:
    instance = {"0020000E": {"vr": "UI", "Value": ["1.2"]}}
    (row,) = flatten_study([instance], MR.series_columns).rows
    names = ["pacs", *row]
    assert series_schema(MR.series_columns).names[: len(names)] == names
    assert series_schema(MR.series_columns).names[len(names) :] == [
        "clean_texts",
        "shared_patient_id",
        "kept_patient_key",
        "kept_device_key",
        "kept_station_code",
        "kept_key_id",
        "quarantine_rule",
        "quarantine_detail",
    ]


def test_every_column_is_described() -> None:
    assert len(series_columns(MR.series_columns)) >= 80
    for field in series_schema(MR.series_columns):
        assert field.metadata[b"description"], field.name


def test_private_attributes_are_found_by_creator() -> None:
    private = [column for column in series_columns(MR.series_columns) if column.group == "private"]
    assert private
    for column in private:
        paths = [*column.paths, *filter(None, [column.functional_group_path])]
        assert paths
        assert all(path.steps[-1].creator for path in paths), column.name


def test_version_follows_the_file() -> None:
    assert spec_version(MR.series_columns) == spec_version(MR.series_columns)
    assert len(spec_version(MR.series_columns).split("-")[1]) == 12


def test_scalars_of_attributes_with_several_values_say_that_the_first_is_taken() -> None:
    """A scalar column whose attribute may hold several values would lose them all otherwise."""
    lists = ("strings", "integers", "decimals")
    for column in series_columns(MR.series_columns):
        paths = [*column.paths, *filter(None, [column.functional_group_path])]
        several = [path for path in paths if _holds_several(path.steps[-1])]
        if column.type not in lists and column.statistic not in ("instances", "frames"):
            assert column.takes_first == bool(several), column.name


def _holds_several(step: Step) -> bool:
    if step.creator is not None:
        return False
    return bool(dictionary_VM(int(step.group + step.element, 16)) != "1")

"""Manufacturer, field strength, averages, acceleration, reconstruction, sequence."""

import pytest

from protocol_assets.data import data_files, read_table
from protocol_assets.dicom.columns import series_schema
from protocol_assets.modalities.mr import describe as description
from protocol_assets.modalities.mr.spec import MR
from protocol_assets.modalities.mr.vendors.acceleration import acceleration
from protocol_assets.modalities.mr.vendors.averages import Averages, averages
from protocol_assets.modalities.mr.vendors.reconstruction import reconstruction
from protocol_assets.modalities.mr.vendors.sequence import (
    echo_train_length,
    matrix,
    sequence_family,
)
from protocol_assets.modalities.mr.vendors.trajectory import trajectory
from protocol_assets.modalities.shared.row import Row
from protocol_assets.modalities.shared.scanners import device_id, field_strength_t, identify, model


@pytest.mark.parametrize(
    ("name", "vendor"),
    [
        ("SIEMENS", "siemens"),
        ("Siemens Healthineers", "siemens"),
        ("GE MEDICAL SYSTEMS", "ge"),
        ("GE Healthcare", "ge"),
        ("General Electric", "ge"),
        ("Philips Medical Systems", "philips"),
        ("TOSHIBA_MEC", "canon"),
        ("CANON_MEC", "canon"),
        ("Hitachi Medical Corporation", "hitachi"),
        ("FUJIFILM Healthcare", "hitachi"),
        ("UIH", "uih"),
        ("Shanghai United Imaging Healthcare Co., Ltd.", "uih"),
        ("Genesis", "other"),
        ("Esaote", "other"),
        ("  ", None),
        (None, None),
    ],
)
def test_identify(name: str | None, vendor: str | None) -> None:
    assert identify({"Manufacturer": name}) == vendor


def test_model_is_a_term_or_absent() -> None:
    assert model({"ManufacturerModelName": "Magnetom  AERA"}) == "MAGNETOM Aera"
    assert model({"ManufacturerModelName": "Backyard 3000"}) is None


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"Manufacturer": "SIEMENS", "DeviceSerialNumber": " 166038 "}, "siemens|166038"),
        (
            {"Manufacturer": "Siemens Healthineers", "DeviceSerialNumber": "166038"},
            "siemens|166038",
        ),
        ({"Manufacturer": "Esaote", "DeviceSerialNumber": "1"}, "ESAOTE|1"),
        ({"Manufacturer": "FONAR", "DeviceSerialNumber": "1"}, "FONAR|1"),
        ({"Manufacturer": "SIEMENS", "DeviceSerialNumber": ""}, None),
        ({"Manufacturer": "SIEMENS"}, None),
    ],
)
def test_device(row: Row, expected: str | None) -> None:
    assert device_id(row) == expected


@pytest.mark.parametrize(
    ("value", "tesla"),
    [(1.5, 1.5), (15000.0, 1.5), (30000, 3.0), (2.89362, 2.89362), (0.0, None), (None, None)],
)
def test_field_strength(value: object, tesla: float | None) -> None:
    assert field_strength_t({"MagneticFieldStrength": value}) == tesla


def test_averages_absent_stay_absent() -> None:
    assert averages({}) == Averages()
    assert averages({"NumberOfAverages": 0.0}) == Averages()


def test_averages_vary_inside_a_series() -> None:
    row = {
        "NumberOfAverages": 6.0,
        "NumberOfAverages_min": 2.0,
        "NumberOfAverages_max": 6.0,
        "NumberOfAverages_distinct": 2,
    }
    assert averages(row) == Averages(6.0, 2.0, 6.0, 2, "number_of_averages")


def test_averages_below_one_stay_on_ge() -> None:
    found = averages({"Manufacturer": "GE MEDICAL SYSTEMS", "NumberOfAverages": 0.5})
    assert found.nex == 0.5


def test_averages_of_philips_private_are_a_fallback() -> None:
    private: Row = {"PhilipsNumberOfAverages": 2.0, "PhilipsNumberOfAverages_distinct": 1}
    assert averages(private) == Averages(2.0, None, None, 1, "philips_private")
    assert averages({**private, "NumberOfAverages": 1.0}).source == "number_of_averages"


@pytest.mark.parametrize(
    ("row", "vendor", "expected"),
    [
        ({"ParallelReductionFactorInPlane": 2.0}, "philips", (2.0, None)),
        ({"SiemensParallelImagingText": "p2"}, "siemens", (2.0, None)),
        ({"SiemensParallelImagingText": "p3 s2"}, "siemens", (3.0, None)),
        ({"SiemensParallelImagingText": "p0"}, "siemens", (None, None)),
        ({"SiemensAcquisitionTimeText": "TA 02:21"}, "siemens", (1.0, None)),
        ({}, "siemens", (None, None)),
        ({"GEAssetRFactors": [0.333333, 1.0]}, "ge", (3.0, 1.0)),
        ({"GEAssetRFactors": [0.666667, 0.5]}, "ge", (1.5, 2.0)),
        ({"GEAssetRFactors": [0.0, 1.0]}, "ge", (None, 1.0)),
        ({"ScanOptions": "FAST_GEMS\\NPW"}, "ge", (1.0, None)),
        ({"ScanOptions": "FAST_GEMS\\ACC_GEMS"}, "ge", (None, None)),
        ({"ScanOptions": "FS"}, "canon", (None, None)),
        ({"UIHParallelText": "F:2S"}, "uih", (2.0, None)),
        ({"UIHParallelText": "off"}, "uih", (None, None)),
        ({"ParallelReductionFactorInPlane": 0.0, "ParallelAcquisition": "NO"}, "uih", (1.0, 1.0)),
        ({"ParallelAcquisition": "NO"}, None, (1.0, 1.0)),
        ({"ParallelAcquisition": "YES"}, "canon", (None, None)),
    ],
)
def test_acceleration(row: Row, vendor: str, expected: tuple[float | None, float | None]) -> None:
    assert acceleration(row, vendor) == expected


@pytest.mark.parametrize(
    ("row", "vendor", "expected"),
    [
        ({"SiemensImageTypeText": "ORIGINAL\\PRIMARY\\M\\DRB\\DIS2D"}, "siemens", "deep_learning"),
        ({"ImageType": "ORIGINAL\\PRIMARY\\M\\DRG"}, "siemens", "deep_learning"),
        ({"ImageType": "ORIGINAL\\PRIMARY\\M\\ND"}, "siemens", "standard"),
        ({"GEDeepLearningText": "0.75\\High"}, "ge", "deep_learning"),
        ({"GECompressedSensingText": "1.24\\1\\10\\0"}, "ge", "compressed_sensing"),
        ({"GECompressedSensingText": "1\\0\\10\\0"}, "ge", "standard"),
        ({"GEAcquisitionDuration": 5e7}, "ge", "standard"),
        ({"ImageType": "ORIGINAL\\PRIMARY\\OTHER"}, "ge", None),
        ({"PhilipsReconstructionText": "CS_SENSE_AI"}, "philips", "deep_learning"),
        (
            {"ParallelAcquisitionTechnique": "CSENSE", "PhilipsScanDuration": 90.0},
            "philips",
            "compressed_sensing",
        ),
        (
            {"PhilipsReconstructionText": "2147483647", "PhilipsScanDuration": 9.0},
            "philips",
            "standard",
        ),
        ({"ImageType": "ORIGINAL\\PRIMARY\\GDC"}, "canon", None),
    ],
)
def test_reconstruction(row: Row, vendor: str, expected: str | None) -> None:
    assert reconstruction(row, vendor) == expected


@pytest.mark.parametrize(
    ("row", "family"),
    [
        ({"ScanningSequence": "SE", "EchoTrainLength": 1}, "se"),
        ({"ScanningSequence": "SE", "EchoTrainLength": 18}, "tse"),
        ({"ScanningSequence": "SE", "SequenceVariant": "SK\\SP"}, "tse"),
        ({"ScanningSequence": "SE", "SequenceVariant": "SP"}, "se"),
        ({"ScanningSequence": "SE"}, None),
        ({"ScanningSequence": "SE\\IR", "EchoTrainLength": 14}, "tse"),
        ({"ScanningSequence": "IR", "EchoTrainLength": 14}, "tse"),
        ({"ScanningSequence": "IR"}, None),
        ({"ScanningSequence": "GR", "EchoTrainLength": 1}, "gre"),
        ({"ScanningSequence": "EP\\GR", "EchoTrainLength": 1}, "epi"),
        ({"EchoPulseSequence": "SPIN", "EchoTrainLength": 14}, "tse"),
        ({"EchoPulseSequence": "GRADIENT", "EchoPlanarPulseSequence": "YES"}, "epi"),
        ({"ScanningSequence": "SE", "EchoTrainLength": 31, "DiffusionBValue_max": 2000.0}, None),
        ({"ScanningSequence": "RM\\IR", "GEInternalPulseSequenceName": "EFGRE3D"}, "gre"),
        ({"ScanningSequence": "RM\\IR"}, None),
        (
            {"ScanningSequence": "SE", "EchoTrainLength": 47, "EchoPlanarPulseSequence": "YES"},
            "epi",
        ),
        ({}, None),
    ],
)
def test_sequence_family(row: Row, family: str | None) -> None:
    assert sequence_family(row) == family


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"AcquisitionMatrix": [0, 320, 256, 0]}, (320, 256)),
        ({"AcquisitionMatrix": [384, 0, 0, 269]}, (384, 269)),
        ({"AcquisitionMatrix": [0, 0, 0, 0]}, (None, None)),
        ({"AcquisitionMatrix": [256]}, (None, None)),
        ({"MRAcquisitionFrequencyEncodingSteps": 320}, (320, None)),
        (
            {
                "MRAcquisitionFrequencyEncodingSteps": 384,
                "PercentSampling": 70.0,
                "PercentPhaseFieldOfView": 75.0,
            },
            (384, 202),
        ),
    ],
)
def test_matrix(row: Row, expected: tuple[float | None, float | None]) -> None:
    assert matrix(row) == expected


@pytest.mark.parametrize(
    ("row", "family", "expected"),
    [
        ({"EchoTrainLength": 1}, "gre", 1),
        ({"EchoTrainLength": 0}, "gre", 1),
        ({"EchoTrainLength": 0}, "epi", 1),
        ({"EchoTrainLength": 90}, "epi", 90),
        ({"EchoTrainLength": 18}, "tse", 18),
        ({"EchoTrainLength": 0}, "tse", None),
        ({"EchoTrainLength": 0}, None, None),
        ({"EchoTrainLength": -1}, "gre", None),
        ({}, "gre", None),
    ],
)
def test_echo_train_is_one_value_for_one_scan(
    row: Row, family: str | None, expected: int | None
) -> None:
    assert echo_train_length(row, family) == expected


@pytest.mark.parametrize(
    ("row", "texts", "vendor", "expected"),
    [
        ({}, ("AX T2 PROPELLER",), "ge", "rotating_blades"),
        ({}, ("t2_tse_blade_tra",), "siemens", "rotating_blades"),
        ({"GeometryOfKSpaceTraversal": "RADIAL"}, ("COR T1",), "philips", "radial"),
        ({"GeometryOfKSpaceTraversal": "RECTILINEAR"}, ("T2W_TSE",), "philips", "cartesian"),
        (
            {"GeometryOfKSpaceTraversal": "RECTILINEAR"},
            ("T2W MultiVane",),
            "philips",
            "rotating_blades",
        ),
        ({}, ("T2 JET",), "canon", "rotating_blades"),
        ({}, ("T2 JET",), "siemens", None),
        ({"InPlanePhaseEncodingDirection": "ROW"}, ("t2_tse_sag",), "siemens", "cartesian"),
        ({"InPlanePhaseEncodingDirection": "OTHER"}, (), "siemens", None),
        ({}, ("spirale", "shoulder blades"), "ge", None),
        ({}, ("3D SPIRAL",), None, "spiral"),
    ],
)
def test_trajectory(
    row: Row, texts: tuple[str, ...], vendor: str | None, expected: str | None
) -> None:
    assert trajectory(row, texts, vendor) == expected


TABLES = sorted(name for name in data_files() if name.startswith("vendors_"))


@pytest.mark.parametrize("table", TABLES)
def test_every_vendor_fact_has_its_source_and_known_terms(table: str) -> None:
    terms = {(row["vocabulary"], row["term"]) for row in read_table("terms.csv")}
    for row in read_table(table):
        assert row["source"], row
        assert None not in row
        assert not row.get("vendor") or ("vendor", row["vendor"]) in terms
        assert not row.get("trajectory") or ("trajectory", row["trajectory"]) in terms


def test_every_column_in_a_rule_exists() -> None:
    names = {*series_schema(MR.series_columns).names, "texts", ""}
    for table in TABLES:
        for row in read_table(table):
            for key in ("column", "acquired"):
                assert row.get(key, "") in names, (table, row)


def test_the_rules_version_follows_every_vendor_table() -> None:
    assert not set(TABLES) - set(description._RULE_FILES)

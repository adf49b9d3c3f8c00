"""Rows of ``series`` for tests: a lumbar series of a Siemens scanner, with changes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from protocol_assets.data import read_table

__all__ = ["input_columns", "series"]


def input_columns() -> list[str]:
    names = []
    for column in read_table("series_columns.csv"):
        names.append(column["column"])
        names += [f"{column['column']}{end}" for end in ("_min", "_max", "_distinct")]
    return [*names, "dirty_values"]


def series(minutes: float = 0.0, **changes: object) -> dict[str, object]:
    start = datetime.fromisoformat("2024-03-05T10:00:00") + timedelta(minutes=minutes)
    row: dict[str, object] = dict.fromkeys(input_columns())
    return (
        row
        | {
            "StudyInstanceUID": "1.2",
            "SeriesInstanceUID": f"1.2.{minutes}",
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
            "Modality": "MR",
            "IssuerOfPatientID": "HOSP",
            "PatientID": "12345",
            "StudyDate": date(2024, 3, 5),
            "StudyTime": time(9, 58),
            "StudyDescription": "RM Coluna Lombar",
            "ProtocolName": f"SAG T1 {minutes}",
            "ImageType": "ORIGINAL\\PRIMARY\\M\\NORM",
            "Manufacturer": "SIEMENS",
            "ManufacturerModelName": "Aera",
            "DeviceSerialNumber": "4711",
            "MagneticFieldStrength": 1.5,
            "AcquisitionDate": start.date(),
            "AcquisitionTime": start.time(),
            "ScanningSequence": "SE",
            "SequenceVariant": "SK\\SP",
            "MRAcquisitionType": "2D",
            "RepetitionTime": 560.0,
            "EchoTime": 10.0,
            "EchoTime_min": 10.0,
            "EchoTime_max": 10.0,
            "EchoTime_distinct": 1,
            "EchoTrainLength": 4,
            "NumberOfPhaseEncodingSteps": 288,
            "AcquisitionMatrix": [0, 320, 256, 0],
            "PixelSpacing": [0.7, 0.8],
            "ImageOrientationPatient": [0.0, 1.0, 0.0, 0.0, 0.0, -1.0],
            "NumberOfAverages": 2.0,
            "NumberOfAverages_min": 2.0,
            "NumberOfAverages_max": 2.0,
            "NumberOfAverages_distinct": 1,
            "SiemensAcquisitionTimeText": "TA 01:21",
        }
        | changes
    )

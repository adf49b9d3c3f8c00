"""The bench: a CSV of series in, what the rules make of it out."""

import csv
import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets import cli
from protocol_assets.modalities.mr.classify import (
    RESULTS,
    UnreadableListError,
    classified,
    series_of,
    write_classified,
)

PHYSICS = (
    "SeriesDescription,EchoTime,RepetitionTime,ScanningSequence,ImageOrientationPatient\n"
    "T2 SAG,10,500,SE,0\\1\\0\\0\\0\\-1\n"
)


def written(text: str) -> list[dict[str, str]]:
    out = io.StringIO()
    write_classified(io.StringIO(text, newline=""), out)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def test_a_description_alone() -> None:
    (line,) = written("SeriesDescription\nT1 tra KM LWS\n")
    assert line == {
        "SeriesDescription": "T1 tra KM LWS",
        "role": "ax_t1",
        "plane": "ax",
        "weighting": "t1",
        "contrast": "post",
        "anatomy": "lumbar_spine",
        "dimension": "",
        "fat_suppression": "",
        "role_evidence": "text",
        "role_confidence": "high",
        "role_conflict": "false",
        "anatomy_evidence": "series_text",
    }


def test_other_keywords_help() -> None:
    (line,) = written(PHYSICS)
    assert (line["role"], line["role_confidence"], line["role_conflict"]) == (
        "sag_t1",
        "low",
        "true",
    )


def test_a_value_is_also_its_smallest_and_largest() -> None:
    (line,) = written("SeriesDescription,DiffusionBValue\nAX,1000\n")
    assert line["role"] == "ax_dwi"


def test_other_columns_and_blank_lines_are_left_out() -> None:
    rows = list(series_of(["SeriesDescription,label\n", "T1 SAG,x\n", "\n", ",y\n"]))
    assert rows == [{"SeriesDescription": "T1 SAG"}, {}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no column SeriesDescription"),
        ("description\nT1\n", "line 1: no column SeriesDescription"),
        ("SeriesDescription,EchoTime\nT1\n", "line 2: 1 values for 2 columns"),
        ("SeriesDescription,EchoTime\nT1,ten\n", "line 2: EchoTime must hold numbers"),
        (
            "SeriesDescription,ImageOrientationPatient\nT1,1;0;0\n",
            "line 2: ImageOrientationPatient must hold numbers",
        ),
        ('SeriesDescription\n"T1\n', "line 2: "),
    ],
)
def test_a_bad_list_is_refused_whole(text: str, message: str) -> None:
    out = io.StringIO()
    with pytest.raises(UnreadableListError) as refused:
        write_classified(io.StringIO(text, newline=""), out)
    assert str(refused.value).startswith(message)
    assert out.getvalue() == ""


@given(st.text())
def test_any_description_gets_an_answer(text: str) -> None:
    found = classified({"SeriesDescription": text, "StudyDescription": text})
    assert tuple(found) == RESULTS


def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(PHYSICS, encoding="utf-8-sig")
    assert run(monkeypatch, path) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[1].startswith("T2 SAG,sag_t1,")
    assert "1 where text and physics disagree" in said.err


@pytest.mark.parametrize("content", [b"description\n", "SeriesDescription\né".encode("latin-1")])
def test_a_bad_file_is_one_line_and_exit_2(
    content: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    assert run(monkeypatch, path) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "list.csv" in said.err


def run(monkeypatch: pytest.MonkeyPatch, path: Path) -> int:
    monkeypatch.setattr(sys, "argv", ["protocol-assets", "classify", str(path)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)

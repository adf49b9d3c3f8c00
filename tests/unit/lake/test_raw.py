from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import zstandard

from protocol_assets.dicom.json_text import encode_instance
from protocol_assets.lake.raw import (
    Stamp,
    read_stamp,
    read_study,
    write_study,
)
from protocol_assets.sources.dicomweb.reconcile import content_hash
from protocol_assets.storage.posix import PosixObjects


@pytest.fixture
def objects(tmp_path: Path) -> PosixObjects:
    return PosixObjects(tmp_path)


STAMP = Stamp("mark", "hash", 3, 2, '"etag"')


def instance(series: str, sop: str, **more: Any) -> dict[str, Any]:
    return {
        "0020000E": {"vr": "UI", "Value": [series]},
        "00080018": {"vr": "UI", "Value": [sop]},
        **more,
    }


def lines(*instances: dict[str, Any]) -> list[bytes]:
    return [encode_instance(one) for one in instances]


def test_a_study_is_read_as_it_was_written(objects: PosixObjects) -> None:
    one = instance("1.2", "9", **{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Ä"}]}})
    two = instance("1.2", "8")
    written = lines(one, two)
    size = write_study(objects, "a", written, STAMP)
    write_study(objects, "b", written, STAMP)
    assert list(read_study(objects, "a", content_hash(written))) == [one, two]
    assert objects.local_path("a").read_bytes() == objects.local_path("b").read_bytes()
    assert size == objects.local_path("a").stat().st_size


def test_a_malformed_instance_is_kept(objects: PosixObjects) -> None:
    odd: dict[str, Any] = {"0020000E": "no element", "00080018": None}
    written = lines(odd)
    write_study(objects, "a", written, STAMP)
    assert list(read_study(objects, "a", content_hash(written))) == [odd]


def test_the_stamp_tells_what_the_file_is(objects: PosixObjects) -> None:
    write_study(objects, "a", lines(instance("1", "2")), STAMP)
    assert read_stamp(objects, "a") == STAMP


@pytest.mark.parametrize(
    "content", [b"", b"\x50", b"\x50\x2a\x4d\x18\x02\x00\x00\x00{}", b"x" * 99]
)
def test_a_file_without_a_stamp_has_none(objects: PosixObjects, content: bytes) -> None:
    objects.local_path("a").write_bytes(content)
    assert read_stamp(objects, "a") is None
    assert read_stamp(objects, "absent") is None


def test_other_readers_pass_over_the_stamp(objects: PosixObjects) -> None:
    written = lines(instance("1", "2"), instance("1", "3"))
    write_study(objects, "a.zst", written, STAMP)
    expected = b"".join(line + b"\n" for line in written)
    reader = zstandard.ZstdDecompressor().stream_reader(
        objects.local_path("a.zst").read_bytes(), read_across_frames=True
    )
    assert reader.read() == expected
    try:
        done = subprocess.run(
            ["zstd", "-dc", objects.local_path("a.zst")], capture_output=True, check=True
        )
    except FileNotFoundError:
        return
    assert done.stdout == expected

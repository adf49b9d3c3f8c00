"""Raw study files: one zstd frame of NDJSON a study, one instance a line, in a fixed order."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

from protocol_assets.dicom.json_text import decode_instance, encode_instance
from protocol_assets.dicom.paths import Dataset
from protocol_assets.lake.atomic import atomic_path
from protocol_assets.lake.zones import RESTRICTED_FILE

__all__ = ["read_study", "write_study"]

_SERIES_UID = "0020000E"
_SOP_UID = "00080018"


def write_study(path: Path, instances: Iterable[Dataset]) -> int:
    """Write the instances of one study atomically.

    Returns:
        Bytes on disk.
    """
    ordered = sorted(instances, key=_order)
    compressor = zstandard.ZstdCompressor(level=3)
    with (
        atomic_path(path, mode=RESTRICTED_FILE) as temporary,
        temporary.open("wb") as file,
        compressor.stream_writer(file) as frame,
    ):
        for instance in ordered:
            frame.write(encode_instance(instance) + b"\n")
    return path.stat().st_size


def read_study(path: Path) -> Iterator[Dataset]:
    """Instances of one study, one at a time.

    Raises:
        ValueError: A line is no JSON object.
    """
    decompressor = zstandard.ZstdDecompressor()
    with path.open("rb") as file, decompressor.stream_reader(file) as frame:
        for line in io.BufferedReader(frame, buffer_size=1 << 20):
            yield decode_instance(line)


def _order(instance: Dataset) -> tuple[str, str]:
    return _uid(instance, _SERIES_UID), _uid(instance, _SOP_UID)


def _uid(instance: Dataset, tag: str) -> str:
    element = instance.get(tag)
    return str(element.get("Value")) if isinstance(element, dict) else ""

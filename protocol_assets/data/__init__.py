"""The data files: specifications, vocabularies, rules. Read here, and nowhere else from disk."""

from __future__ import annotations

import csv
import hashlib
from functools import cache
from importlib import resources

__all__ = ["data_version", "read_table", "report_languages"]


@cache
def _text(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


@cache
def read_table(name: str) -> tuple[dict[str, str], ...]:
    """Rows of one CSV data file, header names as keys.

    Args:
        name: File name inside ``protocol_assets/data``.
    """
    return tuple(csv.DictReader(_text(name).splitlines()))


def data_version(*names: str) -> str:
    """A short digest over the content of data files: the version that cells carry.

    Derived from the bytes, so that no edit can forget to raise it.
    """
    digest = hashlib.sha256()
    for name in names:
        digest.update(_text(name).encode())
    return digest.hexdigest()[:12]


@cache
def report_languages() -> tuple[str, ...]:
    """BCP 47 tags of the languages that the report speaks: each is a file ``report_<tag>.csv``."""
    names = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(
        sorted(
            name.removeprefix("report_").removesuffix(".csv")
            for name in names
            if name.startswith("report_") and name.endswith(".csv")
        )
    )

"""Names as they are shown: one for each scanner and protocol, whatever the hospital wrote."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import pandas as pd

from protocol_assets.data import read_table

__all__ = ["NO_SITE", "Scope", "choices", "named", "protocol_names"]

NO_SITE: Final = ""
"""The scope of the scanners without a site; no site has this name."""
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Scope:
    """What the reader has narrowed the fleet to; None is everything.

    Attributes:
        site: A site's name, or ``NO_SITE``.
        scanner: A scanner's name.
    """

    site: str | None = None
    scanner: str | None = None

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of a named table that lie in it."""
        if self.site is not None:
            own = frame["site"].isna() if self.site == NO_SITE else frame["site"] == self.site
            frame = frame[own]
        if self.scanner is not None:
            frame = frame[frame["scanner"] == self.scanner]
        return frame.reset_index(drop=True)


def protocol_names(frames: Iterable[pd.DataFrame]) -> dict[str, str]:
    """A name for each protocol key: its label, its key where the label is withheld or shared.

    Args:
        frames: Tables, those with ``protocol_key`` and ``protocol_label`` are read.
    """
    pairs = [
        frame[["protocol_key", "protocol_label"]] for frame in frames if "protocol_key" in frame
    ]
    if not pairs:
        return {}
    found = pd.concat(pairs).drop_duplicates().dropna(subset=["protocol_key"])
    found = found.sort_values(["protocol_key", "protocol_label"]).drop_duplicates("protocol_key")
    labels = _tidied(found["protocol_label"]).fillna(found["protocol_key"])
    shared = labels.duplicated(keep=False) & (labels != found["protocol_key"])
    labels = labels.mask(shared, labels + " (" + found["protocol_key"] + ")")
    return dict(zip(found["protocol_key"], labels, strict=True))


def named(frame: pd.DataFrame, protocols: Mapping[str, str], unnamed: str) -> pd.DataFrame:
    """A table with ``scanner`` and ``protocol`` to be shown.

    Args:
        frame: A published table.
        protocols: From ``protocol_names``.
        unnamed: Name of the scanners whose name is not published.
    """
    frame = frame.copy()
    if "scanner_label" in frame:
        frame["scanner"] = _tidied(frame["scanner_label"]).fillna(unnamed)
        frame["site"] = _tidied(frame["site"])
    if "protocol_key" in frame:
        frame["protocol"] = frame["protocol_key"].map(protocols).astype("str")
    if "vendor" in frame:
        frame["vendor"] = frame["vendor"].replace(_vendors())
    return frame


def _tidied(labels: pd.Series) -> pd.Series:
    """Labels as they are shown; one without visible characters is NULL."""
    tidy = labels.map(_tidy, na_action="ignore").astype("str")
    return tidy.where(tidy != "")


def _tidy(text: str) -> str:
    """On one line, and without the marks that turn the direction of what follows."""
    kept = (" " if unicodedata.category(one) in {"Cc", "Zl", "Zp"} else one for one in text)
    return " ".join("".join(one for one in kept if one not in _BIDI).split())


@cache
def _vendors() -> dict[str, str]:
    terms = read_table("terms.csv")
    return {row["term"]: row["label"] for row in terms if row["vocabulary"] == "vendor"}


def choices(frame: pd.DataFrame, *columns: str) -> pd.Series:
    """A text for each row to choose it by: its names, numbered where they are the same.

    Args:
        frame: Named rows.
        columns: The columns whose texts are joined.
    """
    texts = frame[list(columns)].fillna("").agg(": ".join, axis=1) if len(frame) else ""
    texts = pd.Series(texts, index=frame.index, dtype="str")
    nth = texts.groupby(texts).cumcount() + 1
    return texts.where(nth == 1, texts + " (" + nth.astype("str") + ")")

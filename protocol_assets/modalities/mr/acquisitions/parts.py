"""What each series is within its acquisition: magnitude or phase, a Dixon image, an echo, a map.

The image's own attributes come first; the text is asked only among several series of one scan, and
what a series is beside others (one echo, the one with normalization) is told by comparing them.
Rules: ``acquisition_parts.csv``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from protocol_assets.data import read_table
from protocol_assets.modalities.shared.header_texts import Texts
from protocol_assets.modalities.shared.row import Row, number, text, tokens
from protocol_assets.modalities.shared.texts import TextRules
from protocol_assets.modalities.shared.words import words

__all__ = ["DIXON", "Look", "bare_name", "is_split", "look", "parts"]

DIXON = frozenset({"dixon_water", "dixon_fat", "dixon_in_phase", "dixon_opposed_phase"})
"""Parts that show the anatomy although they are computed."""

_COMPONENTS = frozenset({"phase", "real", "imaginary"})


@dataclass(frozen=True, slots=True)
class Look:
    """What may tell a series from the others of its acquisition.

    Attributes:
        stated: Part by the image's own attributes, None where they name none.
        written: Part by the text, None where it names none or several.
        is_derived: Whether it was made of other images.
        normalization: ``True`` with, ``False`` without where the vendor states it, else None.
        echoes: Smallest and largest echo time in ms, and Echo Number.
        image_type: All values of the image type.
    """

    stated: str | None
    written: str | None
    is_derived: bool
    normalization: bool | None
    echoes: tuple[float | None, ...]
    image_type: tuple[str, ...]

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for series that nothing but their number tells apart."""
        return (self.stated, self.written, self.echoes, self.image_type)


def look(row: Row, texts: Texts, *, vendor: str | None, reason: str | None) -> Look:
    """What one series shows of its part.

    Args:
        row: The series.
        texts: What the protocol calls it.
        vendor: Manufacturer.
        reason: Why it does not count; originals and localizers are no derived images.
    """
    values = (*tokens(row, "ImageType"), *tokens(row, "SiemensImageTypeText"))
    named = _rules().terms(*texts)
    return Look(
        stated="reformat" if reason == "reformat" else _stated(row, values),
        written=next(iter(named)) if len(named) == 1 else None,
        is_derived=reason not in (None, "localizer"),
        normalization="NORM" in values if vendor == "siemens" and values else None,
        echoes=(number(row, "EchoTime_min"), number(row, "EchoTime_max"), _echo(row)),
        image_type=values,
    )


def parts(acquisition: Sequence[Look]) -> list[str]:
    """The part of each series of one acquisition, in order (vocabulary ``acquisition_part``)."""
    several = len(acquisition) > 1
    found = [one.stated or (one.written if several else None) for one in acquisition]
    plain = _plain_part(
        [(one, part) for one, part in zip(acquisition, found, strict=True) if not one.is_derived]
    )
    return [
        part or ("other_derived" if one.is_derived else plain or _normalized(one))
        for one, part in zip(acquisition, found, strict=True)
    ]


def is_split(one: Look) -> bool:
    """Whether the scanner made a series of its own of every volume of the scan."""
    return any(value in _table("split") for value in one.image_type)


@lru_cache(maxsize=65536)
def bare_name(name: str) -> tuple[str, ...]:
    """The words of a protocol's name without those that only name a part of its acquisition."""
    left = tuple(word for word in words(name) if word not in _part_words())
    return left or words(name)


def _plain_part(originals: Sequence[tuple[Look, str | None]]) -> str | None:
    """What originals that say nothing of themselves are beside the others; None: normalization."""
    silent = [one for one, part in originals if part is None]
    if len({one.echoes for one in silent}) > 1:
        return "echo"
    if any(part in _COMPONENTS for _, part in originals):
        return "magnitude"
    differ = {one.normalization for one in silent} >= {True, False}
    return None if differ else "original"


def _normalized(one: Look) -> str:
    return "normalized" if one.normalization else "not_normalized"


def _stated(row: Row, values: tuple[str, ...]) -> str | None:
    # The first two values are ORIGINAL/DERIVED and PRIMARY/SECONDARY.
    found = _of_values(values[2:])
    if found is not None:
        return found
    component = text(row, "ComplexImageComponent")
    if component is not None:
        return _table("component").get(component.upper())
    ge = number(row, "GEImageComponent")
    return None if ge is None else _table("ge_component").get(f"{ge:g}")


@lru_cache(maxsize=8192)
def _of_values(values: tuple[str, ...]) -> str | None:
    # In the order of the table: a Dixon or diffusion image is that before it is a magnitude.
    return next((part for value, part in _table("image_type").items() if value in values), None)


def _echo(row: Row) -> float | None:
    return number(row, "EchoNumbers")


@cache
def _table(kind: str) -> dict[str, str]:
    rows = read_table("acquisition_parts.csv")
    return {row["phrase"]: row["part"] for row in rows if row["kind"] == kind}


@cache
def _part_words() -> frozenset[str]:
    return frozenset(word for phrase in _table("text") for word in phrase.split())


@cache
def _rules() -> TextRules:
    return TextRules("acquisition_parts.csv", "part", "text")

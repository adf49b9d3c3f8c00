"""Paths into a DICOM JSON dataset: keywords, and private attributes by their creator.

A path is written as ``MRAveragesSequence.NumberOfAverages`` or, for private attributes,
``0051xx0A@SIEMENS MR HEADER``: the block is looked up from the private creator element
(PS3.5 section 7.8.1), never assumed. ``|`` separates alternatives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydicom.datadict import tag_for_keyword

from protocol_assets.dicom.values import UNREADABLE

__all__ = [
    "Dataset",
    "Path",
    "Step",
    "first_item",
    "items",
    "parse_paths",
    "private_blocks",
    "reservations",
]

Dataset = Mapping[str, Any]
"""A dataset of the DICOM JSON model (PS3.18 annex F): tag as eight hex digits to element."""


@dataclass(frozen=True, slots=True)
class Step:
    """One attribute of a path: a standard tag, or a private one of a creator."""

    group: str
    element: str
    creator: str | None = None

    def find(self, dataset: Dataset) -> Any:
        """The element, or None where the dataset does not hold it."""
        if self.creator is None:
            return dataset.get(self.group + self.element)
        blocks = private_blocks(dataset, reservations(self.group))
        block = blocks.get((self.group, self.creator))
        return None if block is None else dataset.get(self.group + block + self.element)


@cache
def reservations(*groups: str) -> frozenset[str]:
    """The tags that may reserve a block in the given groups: 10 to FF (PS3.5 section 7.8.1)."""
    return frozenset(f"{group}00{block:02X}" for group in groups for block in range(0x10, 0x100))


def private_blocks(dataset: Dataset, tags: frozenset[str]) -> dict[tuple[str, str], str]:
    """Group and private creator to the block that the dataset reserves for it.

    Args:
        dataset: Any dataset.
        tags: The ``reservations`` to look at.
    """
    return {
        (tag[:4], creator): tag[6:]
        for tag in tags.intersection(dataset)
        if (creator := _creator(dataset[tag]))
    }


def _creator(reservation: Any) -> str | None:
    values = reservation.get("Value") if isinstance(reservation, dict) else None
    first = values[0] if isinstance(values, list) and values else values
    return first.strip() if isinstance(first, str) else None


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from a dataset to one element; all but the last are sequences."""

    steps: tuple[Step, ...]

    def find(self, dataset: Dataset) -> Any:
        """The element at the path through the first item of each sequence, or None.

        A sequence that could not be read stands for what it may hold.
        """
        for step in self.steps[:-1]:
            element = step.find(dataset)
            dataset = first_item(element)
            if not dataset:
                return element if isinstance(element, dict) and UNREADABLE in element else None
        return self.steps[-1].find(dataset)

    @property
    def tags(self) -> tuple[str, ...] | None:
        """The tags of the steps, None where one of them is private."""
        if any(step.creator for step in self.steps):
            return None
        return tuple(step.group + step.element for step in self.steps)

    @property
    def tag(self) -> str | None:
        """The tag where the path is a single standard attribute, else None."""
        step = self.single
        return None if step is None or step.creator else step.group + step.element

    @property
    def single(self) -> Step | None:
        """The step where the path is a single attribute, else None."""
        return self.steps[0] if len(self.steps) == 1 else None


def items(element: Any) -> list[Dataset]:
    """The items of a sequence element that are datasets; empty where it is none."""
    values = element.get("Value") if isinstance(element, dict) else None
    return [item for item in values if isinstance(item, dict)] if isinstance(values, list) else []


def first_item(element: Any) -> Dataset:
    """The first item of a sequence element, or an empty dataset."""
    return next(iter(items(element)), {})


def parse_paths(text: str) -> tuple[Path, ...]:
    """Alternatives of one column, in order.

    Raises:
        ValueError: A step is neither a DICOM keyword nor ``ggggxxee@CREATOR``.
    """
    return tuple(_parse_path(part) for part in text.split("|") if part)


def _parse_path(text: str) -> Path:
    return Path(tuple(_parse_step(part) for part in text.split(".")))


def _parse_step(text: str) -> Step:
    if "@" in text:
        tag, creator = text.split("@", 1)
        if len(tag) != 8 or tag[4:6] != "xx":
            raise ValueError(f"{text!r} is no private attribute; write it as ggggxxee@CREATOR")
        return Step(tag[:4].upper(), tag[6:].upper(), creator)
    number = tag_for_keyword(text)
    if number is None:
        raise ValueError(f"{text!r} is no DICOM keyword")
    return Step(f"{number >> 16:04X}", f"{number & 0xFFFF:04X}")

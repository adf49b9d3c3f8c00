"""Groups of what shares a name, directly or through others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

__all__ = ["join_by_names", "joined"]

_Item = TypeVar("_Item")


def join_by_names(
    items: Sequence[_Item], names: Callable[[_Item], Sequence[Hashable]]
) -> list[list[_Item]]:
    """The items in groups, each in the order of the items.

    Args:
        items: What is grouped.
        names: The names of one item, at least one. Items that share one of theirs are together,
            and so are those that a third joins.
    """
    joins: dict[Hashable, Hashable] = {}

    def first(name: Hashable) -> Hashable:
        while (before := joins.get(name, name)) != name:
            name = before
        return name

    for item in items:
        own, *others = names(item)
        for other in others:
            joins[first(other)] = first(own)
    groups: dict[Hashable, list[_Item]] = defaultdict(list)
    for item in items:
        groups[first(names(item)[0])].append(item)
    return list(groups.values())


def joined(*parts: object) -> str:
    """Parts of an identifier in one string; absent parts stay empty, so that places keep."""
    return "|".join("" if part is None else str(part) for part in parts)

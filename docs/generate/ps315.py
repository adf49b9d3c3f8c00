"""docs/ps315.md: every row of PS3.15 Table E.1-1 and what happens to it here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from protocol_assets.data import read_table
from protocol_assets.deidentify.conformance import (
    EDITION,
    TABLE_VERSION,
    AttributeClass,
    class_of,
    columns_read_from,
)

TARGET = Path(__file__).parents[1] / "ps315.md"

_HEAD = f"""# PS3.15 Table E.1-1, row by row

Generated from `protocol_assets/data` by `make generate`; edition {EDITION}, digest {TABLE_VERSION}.
*Basic* and *options* are the actions that the table asks for in a SOP instance; *here* is what
happens to the attribute on its way to the facts. *Read* names the columns of the restricted
`series` that hold it while `series` is kept.

| tag | attribute | basic | options | class | here | read |
| --- | --- | --- | --- | --- | --- | --- |
"""


def outputs() -> dict[Path, str]:
    """The document."""
    return {TARGET: text()}


def text() -> str:
    """The whole document."""
    return _HEAD + "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    for row in read_table("ps315_e1_1_2026c.csv"):
        tag, one = row["tag"], class_of(row["tag"])
        options = " ".join(
            f"{name.removesuffix('Opt')}:{action}"
            for name, action in row.items()
            if name.endswith("Opt") and action
        )
        read = ", ".join(sorted(columns_read_from(tag)))
        group, element = tag[:4], tag[4:]
        yield (
            f"| ({group},{element}) | {row['name']} | {row['basic']} | {options} | {one.name} "
            f"| {_here(one, is_read=bool(read))} | {read} |"
        )


def _here(one: AttributeClass, *, is_read: bool) -> str:
    if one.action == "drop":
        return f"dropped; {one.gate}" if one.gate and is_read else "dropped"
    if one.action == "key":
        return f"keyed: {', '.join(one.columns)}"
    return f"{one.action}: {', '.join(one.columns)}"

"""A steward's CSV file: checked line by line, each fault with its line, and written whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from protocol_assets.faults import Fault
from protocol_assets.storage.files import write_bytes
from protocol_assets.storage.locks import is_editing

__all__ = ["Line", "day", "read_lines", "write_lines"]

_MODE: Final = 0o600

Line = Mapping[str, str]
T = TypeVar("T")


def read_lines(
    path: Path, columns: tuple[str, ...], parse: Callable[[Line, list[T]], T]
) -> list[T]:
    """What the file holds; nothing where there is no file.

    Args:
        path: A CSV file in UTF-8.
        columns: Its first line.
        parse: Makes a record of a line's stripped values and the records before it; raises
            ``ValueError`` with the reason where the line is wrong.

    Raises:
        Fault: The columns or a line are wrong; the text names line and reason.
    """
    if not path.exists():
        return []
    reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    if tuple(reader.fieldnames or ()) != columns:
        raise Fault(f"{path.name}, line 1: the columns must be {','.join(columns)}")
    records: list[T] = []
    for row in reader:
        place = f"{path.name}, line {reader.line_num}"
        if None in row or None in row.values():
            raise Fault(f"{place}: has not {len(columns)} values")
        try:
            records.append(parse({name: row[name].strip() for name in columns}, records))
        except ValueError as error:
            raise Fault(f"{place}: {error}") from None
    return records


def write_lines(path: Path, columns: tuple[str, ...], rows: Iterable[Iterable[object]]) -> None:
    """Replace the file; None becomes an empty value.

    Raises:
        RuntimeError: The file was not read and is not written within ``editing``.
    """
    if not is_editing(path):
        raise RuntimeError(f"{path.name} must be read and written within 'with editing(path)'")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    write_bytes(path, text.getvalue().encode(), mode=_MODE)


def day(line: Line, column: str) -> date | None:
    """A day as ``2024-05-31``; None where the value is empty.

    Raises:
        ValueError: It is no such day.
    """
    if not line[column]:
        return None
    try:
        return date.fromisoformat(line[column])
    except ValueError:
        raise ValueError(f"{column} must be a day like 2024-05-31") from None

"""Read and write governance CSV files. Each line is checked, and errors name the line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from protocol_assets.faults import Fault
from protocol_assets.plain_text import find_invisible, starts_formula
from protocol_assets.storage.files import write_bytes
from protocol_assets.storage.locks import is_editing

__all__ = ["Line", "day", "read_lines", "write_lines"]

_MODE: Final = 0o600

Line = Mapping[str, str]
T = TypeVar("T")


def read_lines(
    path: Path,
    columns: tuple[str, ...],
    parse: Callable[[Line, list[T]], T],
    *,
    is_shown: bool = True,
) -> list[T]:
    """Read the records of a file; without a file there are none.

    Args:
        path: A CSV file in UTF-8.
        columns: The column names in its first line.
        parse: Makes a record from a line's stripped values and the records before it. Raises
            ``ValueError`` with the reason if the line is wrong.
        is_shown: Whether the values are shown to people, who must be able to see each character.

    Raises:
        Fault: The columns or a line are wrong; the text names the line and the reason.
    """
    if not path.exists():
        return []
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Fault(f"{path.name} is not UTF-8; save it as CSV in UTF-8") from None
    # A quoted CSV value may contain a line break.
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if tuple(reader.fieldnames or ()) != columns:
        raise Fault(f"{path.name}, line 1: the columns must be {','.join(columns)}")
    records: list[T] = []
    for row in reader:
        place = f"{path.name}, line {reader.line_num}"
        if None in row or None in row.values():
            raise Fault(f"{place}: the line must have {len(columns)} values")
        values = {name: row[name].strip() for name in columns}
        try:
            if is_shown:
                _refuse_hostile(values)
            records.append(parse(values, records))
        except ValueError as error:
            raise Fault(f"{place}: {error}") from None
    return records


def write_lines(
    path: Path,
    columns: tuple[str, ...],
    rows: Iterable[Iterable[object]],
    *,
    is_shown: bool = True,
) -> None:
    """Replace the file; None becomes an empty value.

    Args:
        path: A CSV file in UTF-8.
        columns: The column names for its first line.
        rows: The values of the lines.
        is_shown: See ``read_lines``.

    Raises:
        Fault: A value contains an invisible character, or is a formula.
        RuntimeError: The caller does not hold ``editing`` for the file.
    """
    if not is_editing(path):
        raise RuntimeError(f"{path.name} must be read and written within 'with editing(path)'")
    text = io.StringIO()
    lines = [["" if value is None else str(value) for value in row] for row in rows]
    if is_shown:
        for line in lines:
            try:
                _refuse_hostile(dict(zip(columns, line, strict=True)))
            except ValueError as error:
                raise Fault(f"{path.name}: {error}") from None
    # The writer would not quote a lone carriage return.
    is_odd = any("\r" in value for line in lines for value in line)
    writer = csv.writer(
        text, lineterminator="\n", quoting=csv.QUOTE_ALL if is_odd else csv.QUOTE_MINIMAL
    )
    writer.writerows([columns, *lines])
    write_bytes(path, text.getvalue().encode(), mode=_MODE)


def _refuse_hostile(line: Line) -> None:
    """Refuse invisible characters and formulas that a spreadsheet would run.

    Raises:
        ValueError: A value contains one; the text names the column and not the value.
    """
    for column, value in line.items():
        character = find_invisible(value)
        if character is not None:
            raise ValueError(
                f"{column} contains the control or invisible character {character}; delete it"
            )
        if starts_formula(value):
            raise ValueError(
                f"{column} begins like a formula, which a spreadsheet would run; start it with a "
                "letter or digit"
            )


def day(line: Line, column: str) -> date | None:
    """Parse a day such as ``2024-05-31``; an empty value gives None.

    Raises:
        ValueError: The value is not a day in this form.
    """
    if not line[column]:
        return None
    try:
        return date.fromisoformat(line[column])
    except ValueError:
        raise ValueError(f"{column} must be a day such as 2024-05-31") from None

"""The only module that prints. Every command writes through it.

The text may come from a header, a server, a file or an argument. None of it is interpreted as
markup. Control sequences and invisible characters are shown as escapes (see ``plain_text``).
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Collection
from typing import Final, TextIO

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from protocol_assets.plain_text import show_text

__all__ = [
    "TextTable",
    "expect_any_text",
    "is_interactive",
    "progress_bar",
    "say",
    "say_error",
    "say_json",
    "say_usage",
    "standard_output",
]

# Without a terminal, lines are wide enough that keys are never cut.
_WIDTH: Final = None if sys.stdout.isatty() else 200
_OUT: Final = Console(highlight=False, width=_WIDTH)
_ERR: Final = Console(stderr=True, highlight=False)
# A run lands its days before it makes their facts, so the speed of the last seconds misleads.
_SPEED_OVER_S: Final = 600


class TextTable:
    """A table of plain text without borders."""

    def __init__(
        self,
        *headings: str,
        title: str | None = None,
        right: Collection[str] = (),
        is_whole: bool = False,
    ) -> None:
        """Create a table without rows.

        Args:
            *headings: Headings of the columns.
            title: Title above the table.
            right: Headings of the columns that are aligned to the right.
            is_whole: Whether values are never wrapped.
        """
        shown = None if title is None else _plain(title)
        self._table = Table(title=shown, title_justify="left", box=None, pad_edge=False)
        for heading in headings:
            justify = "right" if heading in right else "left"
            self._table.add_column(_plain(heading), justify=justify, no_wrap=is_whole)  # type: ignore[arg-type]

    def add_row(self, *values: object) -> None:
        """Add a row; None becomes an empty value."""
        self._table.add_row(*map(_plain, values))

    def show(self) -> None:
        """Print the table to standard output."""
        _OUT.print(self._table)


def say(text: object = "", *, style: str | None = None, is_wrapped: bool = False) -> None:
    """Print one line to standard output.

    Args:
        text: The line.
        style: A style name of rich.
        is_wrapped: Whether to wrap the line between words at the edge of the terminal.
    """
    _OUT.print(_plain(text), style=style, soft_wrap=not is_wrapped)


def say_error(text: object) -> None:
    """Print one line to standard error, not wrapped."""
    _ERR.print(_plain(text), soft_wrap=True)


def say_usage(error: click.ClickException) -> None:
    """Print a usage error to standard error, with the usage of the command."""
    text = io.StringIO()
    error.show(file=text)
    for line in text.getvalue().splitlines():
        say_error(line)


def say_json(value: object) -> None:
    """Print a value as JSON in ASCII to standard output."""
    # JSON escapes all other control characters.
    click.echo(json.dumps(value, indent=1).replace("\x7f", "\\u007f"))


def standard_output() -> TextIO:
    """Return the stream to which a command writes CSV, with ``plain_text.write_csv``."""
    return sys.stdout


def is_interactive() -> bool:
    """Return whether standard error is a terminal."""
    return _ERR.is_terminal


def progress_bar() -> Progress:
    """Create a progress bar with the remaining time on standard error."""
    description = TextColumn("{task.description}", markup=False)
    columns = (description, BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=_ERR, transient=True, speed_estimate_period=_SPEED_OVER_S)


def expect_any_text() -> None:
    """Show characters that the terminal cannot encode as escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _plain(value: object) -> Text:
    return Text(show_text(value))

"""Nothing prints but ``terminal``; nothing writes CSV but ``plain_text`` and governance files.

Whoever prints or writes past them brings hostile texts to people.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "protocol_assets"
TERMINAL = PACKAGE / "terminal.py"
# What a program reads back as it was: governance files.
CSV_WRITERS = {"plain_text.py", "governance/lines.py"}
SOURCES = sorted(PACKAGE.rglob("*.py"))


def _prints(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{one.name}" for one in node.names]
        elif isinstance(node, ast.Call):
            names = [f"{ast.unparse(node.func)}()"]
        elif isinstance(node, ast.Attribute):
            names = [ast.unparse(node)]
        if any(_is_printing(name) for name in names):
            yield getattr(node, "lineno", 0)


def _is_printing(name: str) -> bool:
    if name == "rich.progress.TaskID":
        return False
    return name.split(".")[0] == "rich" or name in {
        "print()",
        "click.echo()",
        "click.secho()",
        "click.echo_via_pager()",
        "pprint()",
        "sys.stdout",
        "sys.stderr",
        "error.show()",
        "traceback.print_exc()",
    }


def _csv_writers(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (
            ast.unparse(node) in ("csv.writer", "csv.DictWriter")
            or node.attr in ("to_csv", "to_excel", "write_csv")
        ):
            yield node.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_prints_but_the_terminal(path: Path) -> None:
    found = list(_prints(ast.parse(path.read_text(encoding="utf-8"))))
    assert bool(found) == (path == TERMINAL), f"use protocol_assets.terminal: lines {found}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_csv_for_people_has_one_writer(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    found = list(_csv_writers(ast.parse(path.read_text(encoding="utf-8"))))
    assert name in CSV_WRITERS or not found, f"use plain_text.write_csv: lines {found}"


def test_the_rule_sees_every_way_to_print() -> None:
    for line in (
        "print(x)",
        "click.echo(x)",
        "from rich.console import Console",
        "import rich",
        "sys.stdout.write(x)",
        "y = sys.stderr",
        "error.show()",
    ):
        assert list(_prints(ast.parse(line))), line
    for line in ("csv.writer(x)", "frame.to_csv()", "csv.DictWriter(x, y)"):
        assert list(_csv_writers(ast.parse(line))), line

"""A class has one responsibility; beyond 200 lines it usually has more."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]
PACKAGES = ("protocol_assets", "protocol_assets_simulator")
MOST_LINES: Final = 200
DECLARED: Final = {"Lake": "names the files and folders of a home, one short property each"}


def test_no_class_has_more_than_200_lines() -> None:
    longer = {
        node.name
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and (node.end_lineno or 0) - node.lineno + 1 > MOST_LINES
    }
    assert longer == set(DECLARED)

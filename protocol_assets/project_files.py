"""Find files that are beside the package in a checkout and inside it in a wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["is_installed", "project_file"]

_PACKED: Final = Path(__file__).with_name("packed")


def project_file(name: str) -> Path:
    """Return the path of a file or folder at the top level, such as ``dbt_project``.

    Args:
        name: Name of the file or folder.
    """
    return (_PACKED if is_installed() else Path(__file__).parents[1]) / name


def is_installed() -> bool:
    """Return whether the package was installed from a wheel; its folder is then not writable."""
    return _PACKED.is_dir()

"""What stands beside the package in a checkout and is packed into it in a wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["is_installed", "project_file"]

_PACKED: Final = Path(__file__).with_name("packed")


def project_file(name: str) -> Path:
    """A file or folder of the project's top level, such as ``dbt_project``.

    Args:
        name: Its name there.
    """
    return (_PACKED if is_installed() else Path(__file__).parents[1]) / name


def is_installed() -> bool:
    """Whether the package was installed from a wheel: its folder is then no place to write to."""
    return _PACKED.is_dir()

"""Symbolic links that are replaced in one step."""

from __future__ import annotations

import os
from pathlib import Path

from protocol_assets.storage import operations
from protocol_assets.storage.files import staging_directory, sync

__all__ = ["replace_link"]


def replace_link(link: Path, target: Path) -> None:
    """Point a link at another target of the same folder or below; readers see one or the other.

    Args:
        link: The link; made where it is not there.
        target: What it shall lead to.
    """
    relative = Path(os.path.relpath(target, link.parent))
    with staging_directory(link.parent) as folder:
        operations.symlink(folder / link.name, relative)
        operations.replace(folder / link.name, link)
    sync(link.parent)

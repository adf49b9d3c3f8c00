"""Symbolic links that are replaced atomically."""

from __future__ import annotations

import os
from pathlib import Path

from protocol_assets.storage import operations
from protocol_assets.storage.files import staging_directory, sync

__all__ = ["replace_link"]


def replace_link(link: Path, target: Path) -> None:
    """Point a link at another target in the same folder or below; readers see the old or the new.

    Args:
        link: The link; created if it does not exist.
        target: The new target.
    """
    relative = Path(os.path.relpath(target, link.parent))
    with staging_directory(link.parent) as folder:
        operations.symlink(folder / link.name, relative)
        operations.replace(folder / link.name, link)
    sync(link.parent)

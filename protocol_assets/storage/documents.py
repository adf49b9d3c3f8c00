"""Small JSON documents, replaced whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from protocol_assets.storage.files import read_bytes, write_bytes

__all__ = ["DamagedDocumentError", "read_document", "write_document"]


class DamagedDocumentError(ValueError):
    """A document is not what ``write_document`` writes; the text holds nothing of its content."""


def read_document(path: Path) -> dict[str, Any] | None:
    """A document; None where it is not there.

    Raises:
        DamagedDocumentError: It is no JSON object.
    """
    content = read_bytes(path)
    if content is None:
        return None
    document: object = None
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise DamagedDocumentError(path.name)
    return document


def write_document(
    path: Path, content: dict[str, Any], *, mode: int, sync_name: bool = True
) -> None:
    """Replace a document; the arguments are those of ``files.write_bytes``."""
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    write_bytes(path, text.encode(), mode=mode, sync_name=sync_name)

"""Small JSON documents, replaced whole and sealed: readers get what was written, or an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from protocol_assets.storage.files import read_bytes, write_bytes
from protocol_assets.storage.seal import BLANK, is_sealed, seal

__all__ = ["DamagedDocumentError", "read_document", "write_document"]

_SEAL: Final = "sha256"
_PLACE: Final = f'"{_SEAL}": "'.encode()
_IS_SEALED: Final = "is_sealed"
"""A second mark: a document whose seal was damaged differs from one that was never sealed."""


class DamagedDocumentError(ValueError):
    """A document is not what ``write_document`` wrote; the text holds nothing of its content."""


def read_document(path: Path) -> dict[str, Any] | None:
    """A document; None where it is not there.

    Raises:
        DamagedDocumentError: It is not as it was written.
    """
    content = read_bytes(path)
    if content is None:
        return None
    sealed = is_sealed(content, _PLACE)
    document: object = None
    if sealed is not False:
        try:
            document = json.loads(content)
        except ValueError:
            document = None
    if not isinstance(document, dict) or (sealed is None and _IS_SEALED in document):
        raise DamagedDocumentError(path.name)
    return {name: value for name, value in document.items() if name not in (_SEAL, _IS_SEALED)}


def write_document(
    path: Path, content: Mapping[str, Any], *, mode: int, sync_name: bool = True
) -> None:
    """Replace a document; the arguments are those of ``files.write_bytes``."""
    marked = {**content, _SEAL: BLANK, _IS_SEALED: True}
    text = json.dumps(marked, indent=1, sort_keys=True, ensure_ascii=False)
    write_bytes(path, seal(text.encode(), _PLACE), mode=mode, sync_name=sync_name)

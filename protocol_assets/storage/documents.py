"""Small JSON documents with a seal: a reader gets what was written, or an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from protocol_assets.storage.ports import ObjectStore
from protocol_assets.storage.seal import BLANK, is_sealed, seal

__all__ = ["DamagedDocumentError", "Documents"]

_SEAL: Final = "sha256"
_PLACE: Final = f'"{_SEAL}": "'.encode()
_IS_SEALED: Final = "is_sealed"
"""A second mark: it distinguishes a damaged seal from a document that never had one."""


class DamagedDocumentError(ValueError):
    """A document is not what ``Documents`` wrote; the message holds nothing of its content."""


@dataclass(frozen=True, slots=True)
class Documents:
    """JSON documents in an object store, each replaced as a whole.

    Attributes:
        objects: Where they are.
    """

    objects: ObjectStore

    def read(self, key: str) -> dict[str, Any] | None:
        """A document; None where there is none.

        Raises:
            DamagedDocumentError: It is not what was written.
        """
        content = self.objects.read(key)
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
            raise DamagedDocumentError(key.rpartition("/")[2])
        return {name: value for name, value in document.items() if name not in (_SEAL, _IS_SEALED)}

    def write(self, key: str, content: Mapping[str, Any]) -> None:
        """Write or replace a document, atomically and durably."""
        marked = {**content, _SEAL: BLANK, _IS_SEALED: True}
        text = json.dumps(marked, indent=1, sort_keys=True, ensure_ascii=False)
        self.objects.write(key, seal(text.encode(), _PLACE))

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from protocol_assets.storage.documents import DamagedDocumentError, Documents
from protocol_assets.storage.posix import PosixObjects

CONTENT = {"tables": {"nex_monthly": "0a" * 32}, "ä": ["MR 1", None, 2.5]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Documents(PosixObjects(tmp_path)).write("ledger.json", CONTENT)
    return tmp_path / "ledger.json"


def read(path: Path) -> dict[str, Any] | None:
    return Documents(PosixObjects(path.parent)).read(path.name)


def test_what_is_written_is_read(path: Path) -> None:
    assert read(path) == CONTENT
    assert read(path.with_name("absent")) is None


def test_no_flipped_bit_is_read_for_something_else(path: Path) -> None:
    whole = path.read_bytes()
    for place in range(8 * len(whole)):
        content = bytearray(whole)
        content[place // 8] ^= 1 << place % 8
        path.write_bytes(content)
        with pytest.raises(DamagedDocumentError):
            read(path)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1'])
def test_what_is_no_document_is_damaged(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(DamagedDocumentError):
        read(path)


def test_a_document_of_an_earlier_release_has_no_seal(path: Path) -> None:
    path.write_text('{"a": 1}')
    assert read(path) == {"a": 1}

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.storage.seal import BLANK, is_sealed, seal

BEFORE = b'"sha256":"'


def sealed(head: bytes = b"a", tail: bytes = b"b") -> bytes:
    return seal(head + BEFORE + BLANK.encode() + tail, BEFORE)


@given(st.binary(), st.binary().filter(lambda tail: BEFORE not in tail))
def test_what_is_sealed_is_whole(head: bytes, tail: bytes) -> None:
    assert is_sealed(sealed(head, tail), BEFORE)
    assert len(sealed(head, tail)) == len(head + BEFORE + BLANK.encode() + tail)


@given(st.binary(max_size=40), st.binary(max_size=40), st.data())
def test_no_flipped_bit_goes_unseen(head: bytes, tail: bytes, data: st.DataObject) -> None:
    content = bytearray(sealed(head, b"." + tail))
    place = data.draw(st.integers(0, 8 * len(content) - 1))
    content[place // 8] ^= 1 << place % 8
    assert not is_sealed(bytes(content), BEFORE)


@pytest.mark.parametrize("end", range(10))
def test_what_was_cut_off_is_not_whole(end: int) -> None:
    assert not is_sealed(sealed(tail=b"0123456789")[: -end - 1], BEFORE)


def test_what_has_no_place_has_no_seal() -> None:
    assert is_sealed(b"of an earlier version", BEFORE) is None
    with pytest.raises(ValueError, match="nowhere"):
        seal(b"no place", BEFORE)
    with pytest.raises(ValueError, match="nowhere"):
        seal(BEFORE + b"something else", BEFORE)

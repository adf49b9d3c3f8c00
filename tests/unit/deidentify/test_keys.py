from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.deidentify.keys import DEMO_KEY, DOMAINS, KeyRefusedError, Pseudonyms

SECRET = bytes(range(32)).hex()
OTHER = bytes(range(1, 33)).hex()


def pseudonyms(secret: str = SECRET) -> Pseudonyms:
    return Pseudonyms.from_secret(secret, demo=False)


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (None, "is not set"),
        ("   ", "is not set"),
        ("#not a key#", "neither hex nor base64"),
        ("abcd" * 4, "8 bytes"),
        ("00" * 32, "not random"),
        (DEMO_KEY, "demo's key"),
    ],
)
def test_a_bad_key_is_refused_with_what_to_do(secret: str | None, said: str) -> None:
    with pytest.raises(KeyRefusedError, match=said) as refused:
        Pseudonyms.from_secret(secret, demo=False)
    assert "secrets.token_hex(32)" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_demo_takes_the_demo_key() -> None:
    assert Pseudonyms.from_secret(DEMO_KEY, demo=True).key_id


def test_hex_and_base64_are_the_same_key() -> None:
    encoded = base64.b64encode(bytes.fromhex(SECRET)).decode()
    assert pseudonyms(encoded).of("study", "1.2.3") == pseudonyms().of("study", "1.2.3")


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(pseudonyms())
    assert "subkeys" not in repr(pseudonyms())


@given(st.text(min_size=1))
def test_domains_and_keys_do_not_meet(value: str) -> None:
    codes = {pseudonyms().of(domain, value) for domain in DOMAINS}
    codes |= {pseudonyms(OTHER).of(domain, value) for domain in DOMAINS}
    assert len(codes) == 2 * len(DOMAINS)
    assert all(re.fullmatch(r"[A-Z2-7]{26}", code) for code in codes)


def test_absent_stays_absent_in_a_column() -> None:
    first, none, again, empty = pseudonyms().column("patient", ["1", None, "1", ""])
    assert first == again
    assert none is None
    assert empty is None

"""Bodies: bounded, decompressed with a bound, and an array of objects whatever was sent."""

from __future__ import annotations

import gzip
import io
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.sources.dicomweb.body import (
    BodyError,
    inflate,
    parse_objects,
    read_bounded,
    whole,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[]", []),
        (b'[{"a": 1}]', [{"a": 1}]),
        (b'\xef\xbb\xbf[{"a": 1}]', [{"a": 1}]),
        (b'[{"a": "W\xe4rme", "b": "\xc3\xa4"}]', [{"a": "Wärme", "b": "ä"}]),
        (
            b'[{"a": NaN, "b": -Infinity, "c": 1e999}]',
            [{"a": "NaN", "b": "-Infinity", "c": "1e999"}],
        ),
        (b'[{"a": "x\ty"}]', [{"a": "x\ty"}]),
        (b'[{"a": "\\ud800x"}]', [{"a": "\N{REPLACEMENT CHARACTER}x"}]),
        (b'[{"a": "\\ud800", "b": "\\ud83d\\ude00"}]', [{"a": "\ufffd", "b": "\U0001f600"}]),
        (b'[{"a": 1, "a": 2}]', [{"a": 2}]),
    ],
)
def test_reads_what_servers_send(body: bytes, expected: list[dict[str, object]]) -> None:
    assert parse_objects(body, whole) == expected


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "not_json"),
        (b"<html>Log in</html>", "not_json"),
        (b'[{"a": 1]', "not_json"),
        (b'[{"a": 1}', "interrupted"),
        (b'[{"a": "x', "interrupted"),
        (b'{"a": 1}', "not_dicom"),
        (b"null", "not_dicom"),
        (b'"text"', "not_dicom"),
        (b"17", "not_dicom"),
        (b"[1]", "not_dicom"),
        (b"[null]", "not_dicom"),
        (b'[{"a":' + b"[" * 500 + b"]" * 500 + b"}]", "not_dicom"),
        (b'[{"a":' + b"[" * 90_000 + b"]" * 90_000 + b"}]", "not_dicom"),
    ],
)
def test_refuses_the_rest(body: bytes, kind: str) -> None:
    with pytest.raises(BodyError) as caught:
        parse_objects(body, whole)
    assert caught.value.args[0] == kind


@given(st.binary() | JSON.map(lambda value: json.dumps([{"a": value}]).encode()))
def test_gives_writable_objects_or_a_body_error(body: bytes) -> None:
    try:
        rows = parse_objects(body, whole)
    except BodyError:
        return
    assert orjson.loads(orjson.dumps(rows)) == rows


TEXTS = st.sampled_from(["", "a", ',{"a"', '},{"a":1}', "]", ",\n {"])


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b", "a]"]),
            st.recursive(
                TEXTS | st.integers(0, 9),
                lambda inner: st.lists(inner | st.fixed_dictionaries({"a": inner}), max_size=3),
                max_leaves=6,
            ),
        ),
        max_size=4,
    ),
    st.sampled_from([None, 0, 1, "\t"]),
    st.sampled_from(["", " \n"]),
    st.integers(0, 9),
)
def test_nobody_sees_where_it_was_cut(
    rows: list[dict[str, object]], indent: int | str | None, edge: str, missing: int
) -> None:
    body = (edge + json.dumps(rows, indent=indent, separators=(",", ":")) + edge).encode()
    assert parse_objects(body, whole) == rows
    shorter = body[: len(body) - missing]
    try:
        expected = json.loads(shorter)
    except ValueError:
        with pytest.raises(BodyError):
            parse_objects(shorter, whole)
    else:
        assert parse_objects(shorter, whole) == expected


@given(st.binary(max_size=2000), st.integers(1, 1000))
def test_never_reads_past_the_limit(content: bytes, limit: int) -> None:
    source = io.BytesIO(content)
    if len(content) <= limit:
        assert read_bounded(source.read, limit) == content
    else:
        with pytest.raises(BodyError, match="too_large"):
            read_bounded(source.read, limit)


@given(st.lists(st.binary(max_size=300), max_size=3))
def test_inflates_every_member(members: list[bytes]) -> None:
    body = b"".join(gzip.compress(member) for member in members)
    assert inflate(body, "gzip", 1000) == b"".join(members)


def test_a_bomb_is_too_large() -> None:
    bomb = gzip.compress(b"\0" * 3_000_000)
    for body in (bomb, gzip.compress(b"x") + bomb):
        with pytest.raises(BodyError, match="too_large"):
            inflate(body, "gzip", 1_000_000)


@pytest.mark.parametrize("damage", [lambda body: body[:-4], lambda body: b"no gzip at all"])
def test_damaged_gzip_was_interrupted(damage: object) -> None:
    assert callable(damage)
    with pytest.raises(BodyError, match="interrupted"):
        inflate(damage(gzip.compress(b"content")), "gzip", 1000)


def test_other_compressions_are_refused() -> None:
    with pytest.raises(BodyError, match="not_json"):
        inflate(b"content", "br", 1000)

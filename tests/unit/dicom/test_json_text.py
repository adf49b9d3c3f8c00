from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol_assets.dicom.json_text import decode_instance, encode_instance


def test_bulk_data_is_left_out_at_every_depth() -> None:
    instance = {
        "7FE00010": {"vr": "OW", "BulkDataURI": "http://pacs/studies/1.2.3/bulk"},
        "52009229": {
            "vr": "SQ",
            "Value": [{"00091010": {"vr": "OB", "InlineBinary": "c2VjcmV0"}}],
        },
        "00180083": {"vr": "DS", "Value": [2]},
    }
    line = encode_instance(instance)
    assert b"pacs" not in line
    assert b"c2VjcmV0" not in line
    assert decode_instance(line)["00180083"] == {"vr": "DS", "Value": [2]}
    assert decode_instance(line)["7FE00010"] == {"vr": "OW"}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None), max_size=10),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["00180083", "00100010"]), JSON))
def test_what_is_written_is_read(instance: dict[str, Any]) -> None:
    line = encode_instance(instance)
    assert b"\n" not in line
    assert decode_instance(line) == instance


BULK = st.sampled_from(["BulkDataURI", "InlineBinary"])


def without_bulk(node: Any) -> Any:
    if isinstance(node, dict):
        named = ("BulkDataURI", "InlineBinary")
        return {key: without_bulk(value) for key, value in node.items() if key not in named}
    return [without_bulk(member) for member in node] if isinstance(node, list) else node


TEXTS = st.sampled_from(["kept", "", '"', "\\", '{"BulkDataURI":"', '","InlineBinary":"x"', "a\\"])


@given(
    st.dictionaries(
        st.sampled_from(["00091010", "BulkDataURI", "52009229"]),
        st.recursive(
            TEXTS,
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    BULK | st.sampled_from(["vr", "Value", "A", '{"BulkDataURI":"']),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        ),
    )
)
def test_bulk_data_and_nothing_else_is_left_out_wherever_it_stands(
    instance: dict[str, Any],
) -> None:
    assert encode_instance(instance) == encode_instance(without_bulk(instance))
    assert decode_instance(encode_instance(instance)) == without_bulk(instance)

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


@given(
    st.dictionaries(
        st.sampled_from(["00091010", "BulkDataURI", "52009229"]),
        st.recursive(
            st.just("kept"),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(BULK | st.sampled_from(["vr", "Value"]), inner, max_size=3)
            ),
            max_leaves=8,
        ),
    )
)
def test_bulk_data_is_left_out_wherever_it_stands(instance: dict[str, Any]) -> None:
    def names(node: Any) -> set[str]:
        if isinstance(node, dict):
            return set(node).union(*map(names, node.values()))
        return set().union(*map(names, node)) if isinstance(node, list) else set()

    assert names(decode_instance(encode_instance(instance))).isdisjoint(
        {"BulkDataURI", "InlineBinary"}
    )

"""``labels.csv``: the hospital's decisions on protocol labels, by keyed code.

The file contains no texts. They are in the restricted registry and are shown only on the hospital's
own terminals.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, cast, get_args

from protocol_assets.deidentify.labels import Decision, JudgedLabel, judge_labels
from protocol_assets.faults import Fault
from protocol_assets.governance.lines import Line, read_lines, write_lines
from protocol_assets.lake.compaction import undisturbed
from protocol_assets.lake.months import part_keys
from protocol_assets.lake.parquet import read_part
from protocol_assets.lake.zones import Lake
from protocol_assets.storage.locks import editing

__all__ = ["decide", "judged_labels", "read_decisions"]

Decided = tuple[str, Decision]

_COLUMNS: Final = ("label_code", "decision")
_CODE: Final = re.compile(r"[A-Z2-7]{26}")


def labels_file(lake: Lake) -> Path:
    """Return the path of the governance file of decisions."""
    return lake.governance / "labels.csv"


def read_decisions(lake: Lake) -> dict[str, Decision]:
    """Read and check the decisions by label code; without a file there are none.

    Raises:
        Fault: A line is wrong; the text names the line and the reason.
    """
    return dict(read_lines(labels_file(lake), _COLUMNS, _parse))


def decide(lake: Lake, code: str, decision: Decision) -> None:
    """Record a decision. It takes effect with the next build, for past data too.

    Raises:
        Fault: The code is not a label code.
    """
    problem = ""
    try:
        _parse({"label_code": code, "decision": decision}, [])
    except ValueError as error:
        problem = str(error)
    if problem:
        raise Fault(problem)
    path = labels_file(lake)
    with editing(path):
        decisions = read_decisions(lake) | {code: decision}
        write_lines(path, _COLUMNS, sorted(decisions.items()))


def judged_labels(lake: Lake) -> list[JudgedLabel]:
    """Return all texts of the registry with the results of the gates and the decisions."""
    with undisturbed(lake):
        parts = [read_part(lake, key) for key in part_keys(lake, "restricted/labels")]
    return judge_labels(parts, read_decisions(lake))


def _parse(line: Line, before: list[Decided]) -> Decided:
    code, decision = (line[name] for name in _COLUMNS)
    if not _CODE.fullmatch(code):
        raise ValueError(
            "label_code must have the 26 characters that 'protocol-assets labels pending' shows"
        )
    if decision not in get_args(Decision):
        raise ValueError(f"decision must be one of {', '.join(get_args(Decision))}")
    if any(code == other for other, _ in before):
        raise ValueError("an earlier line has the same label_code; keep only one of them")
    return code, cast("Decision", decision)

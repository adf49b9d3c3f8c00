"""How well the rules read a labelled list of descriptions: the measures of issue and docs."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from protocol_assets.modalities.mr.classify import classified, series_of

# A series read as the other's opposite changes what is compared with what.
_T1, _T2 = {"t1", "t1_flair"}, {"t2", "stir", "flair", "t2_star"}
_BEFORE, _AFTER = {"pre", "none"}, {"post"}
_COLUMNS = ("role", "plane", "weighting", "contrast", "anatomy", "dimension", "fat_suppression")


@dataclass
class Score:
    """Measures over one list; shares between 0 and 1.

    ``unknown`` is no error: it costs coverage and recall, never correctness.
    """

    descriptions: int
    coverage: float
    wrong_at_high_confidence: float
    t1_t2_swaps: float
    pre_post_swaps: float
    macro_f1: float
    accuracy: dict[str, float] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"{self.descriptions} descriptions",
            f"coverage of labelled roles     {self.coverage:8.2%}",
            f"wrong among high confidence    {self.wrong_at_high_confidence:8.2%}",
            f"T1 and T2 swapped              {self.t1_t2_swaps:8.2%}",
            f"before and after agent swapped {self.pre_post_swaps:8.2%}",
            f"macro-F1 of role               {self.macro_f1:8.3f}",
            *(f"as labelled, {column:18}{share:8.2%}" for column, share in self.accuracy.items()),
            *self.errors,
        ]
        return "\n".join(lines)


def score(path: Path) -> Score:
    """Score the rules on a CSV: what ``classify`` reads, and labels named as its answers."""
    with path.open(encoding="utf-8", newline="") as lines:
        labels = list(csv.DictReader(lines))
    with path.open(encoding="utf-8", newline="") as lines:
        found = [classified(row) for row in series_of(lines)]
    pairs = list(zip(labels, found, strict=True))
    roles = [(label["role"] or None, _text(one["role"])) for label, one in pairs]
    labelled = [said for wanted, said in roles if wanted]
    high = [
        (label["role"] or None, one["role"])
        for label, one in pairs
        if one["role_confidence"] == "high"
    ]
    return Score(
        descriptions=len(pairs),
        coverage=_share(said is not None for said in labelled),
        wrong_at_high_confidence=_share(wanted != said for wanted, said in high),
        t1_t2_swaps=_share(_swapped(a["weighting"], b["weighting"], _T1, _T2) for a, b in pairs),
        pre_post_swaps=_share(
            _swapped(a["contrast"], b["contrast"], _BEFORE, _AFTER) for a, b in pairs
        ),
        macro_f1=_macro_f1(roles),
        accuracy={
            column: _share((label[column] or None) == one[column] for label, one in pairs)
            for column in _COLUMNS
        },
        errors=[
            f"{label['SeriesDescription']!r}: {wanted}, read as {said}"
            for (label, _), (wanted, said) in zip(pairs, roles, strict=True)
            if said is not None and said != wanted
        ],
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _share(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0


def _swapped(wanted: object, said: object, one: set[str], other: set[str]) -> bool:
    return (wanted in one and said in other) or (wanted in other and said in one)


def _macro_f1(pairs: Sequence[tuple[str | None, str | None]]) -> float:
    """Mean F1 over all roles that are labelled or read; a missing role is a miss of its label."""
    right = Counter(wanted for wanted, said in pairs if wanted == said)
    wanted_in_all = Counter(wanted for wanted, _ in pairs)
    said_in_all = Counter(said for _, said in pairs)
    roles = (wanted_in_all.keys() | said_in_all.keys()) - {None}
    return sum(2 * right[role] / (wanted_in_all[role] + said_in_all[role]) for role in roles) / len(
        roles
    )

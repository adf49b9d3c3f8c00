"""PS3.15 and CID 7050: which class each attribute is in, and what a batch says of itself.

``data/policy_classes.csv`` holds the classes, ``data/policy_attributes.csv`` the class of every row
of PS3.15 Table E.1-1 (``data/ps315_e1_1_2026c.csv``). What no row names is of class ``unknown``:
dropped, like everything that the policy does not let through.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from protocol_assets.data import data_version, read_table
from protocol_assets.deidentify.policy import all_fact_columns, policy_version
from protocol_assets.dicom.columns import all_series_columns

__all__ = [
    "EDITION",
    "TABLE_VERSION",
    "AttributeClass",
    "attribute_classes",
    "batch_record",
    "class_of",
    "columns_read_from",
    "own_identifier_tags",
    "unclassified",
]

EDITION: Final = "2026c"
"""Edition of PS3.15 that the table was taken from."""
TABLE_VERSION: Final = "33a3643fbd2d"
"""Digest of that table; another one must be classified anew."""

_TABLE: Final = "ps315_e1_1_2026c.csv"
_CLASSES: Final = "policy_classes.csv"
_ATTRIBUTES: Final = "policy_attributes.csv"
_DEFAULT: Final = "unknown"

_METHOD: Final = "protocol-assets: typed allow-list projection, keyed pseudonyms"
_CODES: Final = ("113100", "113105", "113106")


@dataclass(frozen=True, slots=True)
class AttributeClass:
    """One class of attributes and what happens to it.

    Attributes:
        name: Name of the class.
        attributes: Which attributes are in it, in words.
        action: ``drop``, or the action of the policy.
        gate: What a value must pass.
        columns: Columns of the facts that it may feed.
        code: Code of CID 7050 that the action maps to, empty where PS3.15 does not speak of it.
        is_own_identifier: Whether its values feed the own-identifier check of a study's texts.
        reason: Why.
    """

    name: str
    attributes: str
    action: str
    gate: str
    columns: tuple[str, ...]
    code: str
    is_own_identifier: bool
    reason: str


@cache
def attribute_classes() -> dict[str, AttributeClass]:
    """The classes by name."""
    return {
        row["class"]: AttributeClass(
            name=row["class"],
            attributes=row["attributes"],
            action=row["action"],
            gate=row["gate"],
            columns=tuple(row["columns"].split()),
            code=row["code"],
            is_own_identifier=row["own_identifier"] == "yes",
            reason=row["reason"],
        )
        for row in read_table(_CLASSES)
    }


@cache
def _classes_by_tag() -> dict[str, str]:
    return {row["tag"]: row["class"] for row in read_table(_ATTRIBUTES)}


def class_of(tag: str) -> AttributeClass:
    """The class of an attribute of Table E.1-1; every other attribute is ``unknown``.

    Args:
        tag: Eight hex digits; ``50XXXXXX`` and its like as the table writes them.
    """
    return attribute_classes()[_classes_by_tag().get(tag, _DEFAULT)]


def unclassified() -> list[str]:
    """What a reader of the table must still decide: rows without a class, classes without a row.

    Returns:
        One line each; none where the table, the classes and the facts are in step.
    """
    table = {row["tag"] for row in read_table(_TABLE)}
    known = _classes_by_tag()
    fed = [column for one in attribute_classes().values() for column in one.columns]
    facts = [column.name for column in all_fact_columns()]
    problems = [f"{tag} of Table E.1-1 has no class" for tag in sorted(table - known.keys())]
    problems += [f"{tag} is not in Table E.1-1" for tag in sorted(known.keys() - table)]
    problems += [
        f"{tag} has the class {name!r}, which does not exist"
        for tag, name in known.items()
        if name not in attribute_classes()
    ]
    problems += [f"the facts' {name} has no class" for name in facts if fed.count(name) == 0]
    problems += [f"the facts' {name} has two classes" for name in facts if fed.count(name) > 1]
    problems += [f"{name} is no column of the facts" for name in fed if name not in facts]
    version = data_version(_TABLE)
    if version != TABLE_VERSION:
        problems.append(f"Table E.1-1 has the digest {version}, not {TABLE_VERSION}")
    return problems


@cache
def columns_read_from(tag: str) -> frozenset[str]:
    """Columns of the restricted ``series`` that read the attribute, at any depth."""
    return frozenset(
        column.name
        for column in all_series_columns()
        for path in (*column.paths, *filter(None, [column.functional_group_path]))
        if path.steps[-1].creator is None and path.steps[-1].group + path.steps[-1].element == tag
    )


@cache
def own_identifier_tags() -> frozenset[str]:
    """Attributes whose values identify the study they stand in; every PN does so besides."""
    return frozenset(tag for tag in _classes_by_tag() if class_of(tag).is_own_identifier)


def batch_record(policy: str) -> dict[str, str]:
    """What every batch of facts says of its de-identification.

    The words of PS3.15 section E.1.1 as metadata of the Parquet file; the codes are those of CID
    7050 that the actions map to. They are no claim of conformance, which PS3.15 knows for SOP
    instances only.
    """
    return {
        "PatientIdentityRemoved": "YES",
        "DeidentificationMethod": _METHOD,
        "DeidentificationMethodCodeSequence": "\\".join(_CODES),
        "LongitudinalTemporalInformationModified": "UNMODIFIED",
        "date_policy": "day",
        "PS3.15": EDITION,
        "policy_version": policy_version(policy),
    }

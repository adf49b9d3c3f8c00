"""What a GraphQL request would change, read from its text before Dagster sees it.

The client chooses the operation's name, so that what counts are the fields of Dagster's
``Mutation`` type that the text asks for, through fragments too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    value_from_ast_untyped,
)

__all__ = ["Change", "GraphQLRequest", "UnreadableRequestError", "read_request"]

_LONGEST_DOCUMENT: Final = 50_000
"""Tokens of a document. The UI sends long lists as variables, which are no part of it."""

_NAMING: Final = frozenset(
    {
        "backfillId",
        "backfillIds",
        "concurrencyKey",
        "id",
        "jobName",
        "parentRunId",
        "paused",
        "pipelineName",
        "repositoryLocationName",
        "runId",
        "runIds",
        "scheduleName",
        "sensorName",
    }
)
"""Arguments that name what is changed. Partitions, tags and configuration are not among them."""

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:-]{0,99}")
_MOST_TARGETS: Final = 50


class UnreadableRequestError(Exception):
    """The body is not what a client of Dagster's GraphQL sends; its text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a request would change.

    Attributes:
        operation: The client's name of it; None where it has none.
        fields: Fields of Dagster's ``Mutation`` type, such as ``launchRun``.
        targets: Assets, jobs, runs, sensors and schedules that the arguments name.
    """

    operation: str | None
    fields: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A request that was read.

    Attributes:
        body: The same request written anew: what was checked is what is executed.
        change: None where it only reads.
    """

    body: bytes
    change: Change | None


def read_request(body: bytes) -> GraphQLRequest:
    """Read the body of a JSON POST.

    Raises:
        UnreadableRequestError: It is no JSON object with one query that parses.
    """
    try:
        found = json.loads(body.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise UnreadableRequestError("the body is not JSON in UTF-8") from None
    if not isinstance(found, dict) or not isinstance(found.get("query"), str):
        raise UnreadableRequestError("the body holds no GraphQL query")
    variables = found.get("variables")
    name = found.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        raise UnreadableRequestError("variables or operationName are of the wrong type")
    change = _read_change(found["query"], variables or {})
    kept = {"query": found["query"], "variables": variables, "operationName": name}
    return GraphQLRequest(json.dumps(kept).encode(), change)


def _read_change(query: str, variables: Mapping[str, Any]) -> Change | None:
    try:
        document = parse(query, no_location=True, max_lexical_tokens=_LONGEST_DOCUMENT)
        fragments = {
            one.name.value: one
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        mutations = [
            one
            for one in document.definitions
            if isinstance(one, OperationDefinitionNode) and one.operation is OperationType.MUTATION
        ]
        fields = [
            field for one in mutations for field in _fields(one.selection_set, fragments, set())
        ]
        named = [target for field in fields for target in _targets(field, variables)]
    except (GraphQLError, RecursionError):
        raise UnreadableRequestError("the GraphQL query cannot be read") from None
    if not mutations:
        return None
    names = [one.name.value for one in mutations if one.name is not None]
    return Change(
        operation=names[0][:100] if names else None,
        fields=tuple(dict.fromkeys(field.name.value[:100] for field in fields))[:_MOST_TARGETS],
        targets=tuple(dict.fromkeys(named))[:_MOST_TARGETS],
    )


def _fields(
    selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], seen: set[str]
) -> Iterator[FieldNode]:
    """The fields of an operation's root, those of fragments too."""
    for one in selected.selections:
        if isinstance(one, FieldNode):
            yield one
        elif isinstance(one, InlineFragmentNode):
            yield from _fields(one.selection_set, fragments, seen)
        elif isinstance(one, FragmentSpreadNode) and one.name.value not in seen:
            seen.add(one.name.value)
            if one.name.value in fragments:
                yield from _fields(fragments[one.name.value].selection_set, fragments, seen)


def _targets(field: FieldNode, variables: Mapping[str, Any]) -> Iterator[str]:
    for argument in field.arguments:
        value = value_from_ast_untyped(argument.value, dict(variables))
        yield from _named(argument.name.value, value)


def _named(key: str, value: Any) -> Iterator[str]:
    """The names among an argument's values. A path is the key of an asset."""
    if isinstance(value, dict):
        for inner, one in value.items():
            yield from _named(inner, one)
    elif key == "path" and isinstance(value, list):
        yield from _worded("/".join(map(str, value)))
    elif isinstance(value, list):
        for one in value:
            yield from _named(key, one)
    elif key in _NAMING:
        yield from _worded(str(value))


def _worded(text: str) -> Iterator[str]:
    """Only what looks like a name: a text that somebody typed may hold anything."""
    if _NAME.fullmatch(text):
        yield text

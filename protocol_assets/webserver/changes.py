"""Find what a GraphQL request would change, before Dagster receives it.

The client chooses the name of the operation, so the name proves nothing. What counts are the fields
of Dagster's ``Mutation`` type that the request contains, also through fragments.
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
"""Maximum number of tokens in a document. The UI sends long lists as variables instead."""

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
"""Arguments that name the target of a change. Partitions, tags and configuration are excluded."""

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:-]{0,99}")
_MOST_TARGETS: Final = 50


class UnreadableRequestError(Exception):
    """The body is not a request to Dagster's GraphQL; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a request would change.

    Attributes:
        operation: The name that the client gave it; None without a name.
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
        body: The request, written again, so that exactly what was checked is executed.
        change: What it changes; None if it only reads.
    """

    body: bytes
    change: Change | None


def read_request(body: bytes) -> GraphQLRequest:
    """Read the body of a JSON POST.

    Raises:
        UnreadableRequestError: It is not a JSON object with one valid query.
    """
    try:
        found = json.loads(body.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise UnreadableRequestError("the body is not JSON in UTF-8") from None
    if not isinstance(found, dict) or not isinstance(found.get("query"), str):
        raise UnreadableRequestError("the body contains no GraphQL query")
    variables = found.get("variables")
    name = found.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        raise UnreadableRequestError("variables or operationName have the wrong type")
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
    """Yield the root fields of an operation, including those in fragments."""
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
    """Yield the names among the values of an argument. A path is the key of an asset."""
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
    """Yield a text only if it looks like a name, because typed text may contain anything."""
    if _NAME.fullmatch(text):
        yield text

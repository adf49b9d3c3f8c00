"""Failures that may stand in Dagster's event log: told by our own words, never by a value.

Dagster writes an exception with its text and chain into run storage. Here every unforeseen error of
an asset becomes a ``dg.Failure`` of one plain line, raised outside the ``except`` block, so that no
chain comes along.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import dagster as dg

from protocol_assets.faults import safe_message

__all__ = ["redact_errors"]

P = ParamSpec("P")
T = TypeVar("T")


def redact_errors(body: Callable[P, T]) -> Callable[P, T]:
    """Decorate an asset body, a function or a generator function."""

    @functools.wraps(body)
    def generator(*args: P.args, **kwargs: P.kwargs) -> Iterator[Any]:
        try:
            yield from body(*args, **kwargs)  # type: ignore[misc]
            return
        except dg.Failure:
            raise
        except Exception as error:
            text = safe_message(error)
        raise dg.Failure(text, allow_retries=False)

    @functools.wraps(body)
    def function(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return body(*args, **kwargs)
        except dg.Failure:
            raise
        except Exception as error:
            text = safe_message(error)
        raise dg.Failure(text, allow_retries=False)

    return generator if inspect.isgeneratorfunction(body) else function  # type: ignore[return-value]

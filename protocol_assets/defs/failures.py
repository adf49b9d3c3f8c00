"""Redact errors before Dagster stores them, so that its event log never contains a patient's value.

Dagster writes an exception with its text and chain into run storage. Here every unforeseen error of
an asset becomes a ``dg.Failure`` with one safe line. It is raised outside the ``except`` block, so
it has no chain.
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
    """Decorate the body of an asset or sensor, a function or a generator function."""

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

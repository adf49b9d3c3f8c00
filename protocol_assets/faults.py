"""Errors that may be shown: one line, what to do, nothing identifying.

Only errors of this project's own classes are quoted. Any other may hold a value of a patient, so
that it is told by its class and the place in our code where it arose.
"""

from __future__ import annotations

import traceback
from pathlib import Path

__all__ = ["Fault", "described_fault", "fault_place"]

_PACKAGE = Path(__file__).parent


class Fault(Exception):  # noqa: N818 - a word people use
    """Something a person can mend; its text is one line that says what to do."""


def described_fault(error: BaseException) -> str:
    """One line for a log, an event or a terminal."""
    if isinstance(error, Fault):
        return str(error)
    place = fault_place(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} at {place}; check disk space and permissions of the home"
    return (
        f"unexpected {type(error).__name__} at {place}; its text is withheld because it may "
        "identify a patient"
    )


def fault_place(error: BaseException) -> str:
    """File and line of this project where an error arose."""
    return next(
        (
            f"{Path(frame.filename).relative_to(_PACKAGE.parent)}:{frame.lineno}"
            for frame in reversed(traceback.extract_tb(error.__traceback__))
            if Path(frame.filename).is_relative_to(_PACKAGE)
        ),
        "outside protocol_assets",
    )

"""What settings are made of: strict tables, checked values, plain errors, secrets by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict

from protocol_assets.data import report_languages
from protocol_assets.faults import Fault, explain_os_error

__all__ = ["ConfigurationError", "Home", "Language", "Name", "Strict", "TimeZone", "secret"]

_NAME: Final = re.compile(r"[a-z0-9_-]+")
_BAD_IN_HOME: Final = re.compile(r"[#?%\\\x00-\x1f\x7f\ud800-\udfff]")
"""What a path to the home cannot hold: SQLAlchemy, through which Dagster opens its databases, and
dbt-duckdb read paths as URLs, in which ``#``, ``?`` and ``%`` mean something else; DuckDB takes
``\\`` for a separator; the rest is no text that a configuration or a log could show."""


class ConfigurationError(Fault):
    """The configuration cannot be used; one line that says what to do."""


class Strict(BaseModel):
    """A table of the TOML: no key that nobody reads, no value in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("use lower-case letters, digits, '_' and '-' only")
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("is no time zone; write one such as Europe/Berlin") from None
    return text


def _language(text: str) -> str:
    if text not in report_languages():
        raise ValueError(f"is no language of the report; there are {', '.join(report_languages())}")
    return text


def _home(path: Path) -> Path:
    if found := _BAD_IN_HOME.search(str(path)):
        raise ValueError(
            f"the path contains the character {found.group()!a}, which the databases in it cannot "
            "be opened with; use a path without '#', '?', '%', backslash and control characters"
        )
    return path


Home = Annotated[Path, AfterValidator(_home)]
Name = Annotated[str, AfterValidator(_name)]
TimeZone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]


def secret(environment: Mapping[str, str], variable: str, *, whose: str, what: str) -> str:
    """A secret from the environment, or from the file that the environment names.

    It stands in the environment variable that is named, or in the file that the variable of that
    name with ``_FILE`` appended names (a Docker or Kubernetes secret). Never in the TOML.

    Args:
        environment: Holds the secrets.
        variable: The variable's name.
        whose: Named in the error: who asks for it.
        what: Named in the error: what it must be.

    Raises:
        ConfigurationError: Neither is there.
    """
    path = environment.get(f"{variable}_FILE")
    text = environment.get(variable, "")
    why = "it is empty"
    if not text and path:
        try:
            text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            why = explain_os_error(error).partition(";")[0]
        except UnicodeDecodeError:
            why = "it is not UTF-8"
    if text:
        return text
    where = f"the file that {variable}_FILE names cannot be used ({why}); "
    raise ConfigurationError(
        f"{whose}: "
        + (where if path else f"the environment variable {variable} is not set; ")
        + f"set it to {what}"
    )

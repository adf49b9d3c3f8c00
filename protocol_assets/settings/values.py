"""The building blocks of settings: strict tables, checked values, and secrets by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict

from protocol_assets.data import text_languages
from protocol_assets.faults import Fault, explain_os_error

__all__ = ["ConfigurationError", "Home", "Language", "Name", "Strict", "TimeZone", "secret"]

_NAME: Final = re.compile(r"[a-z0-9_-]+")
_BAD_IN_HOME: Final = re.compile(r"[#?%\\\x00-\x1f\x7f\ud800-\udfff]")
"""Characters that the path of the home cannot contain. SQLAlchemy, through which Dagster opens its
databases, and dbt-duckdb read paths as URLs, in which ``#``, ``?`` and ``%`` have another meaning.
DuckDB treats ``\\`` as a separator. The others cannot be shown in a configuration or a log."""


class ConfigurationError(Fault):
    """The configuration cannot be used. The text is one line that says what to do."""


class Strict(BaseModel):
    """A table of the TOML. Unknown keys are errors, and errors contain no values."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("use lower-case letters, digits, '_' and '-' only")
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("unknown time zone; write one such as Europe/Berlin") from None
    return text


def _language(text: str) -> str:
    if text not in text_languages():
        raise ValueError(f"unknown language; choose one of {', '.join(text_languages())}")
    return text


def _home(path: Path) -> Path:
    if found := _BAD_IN_HOME.search(str(path)):
        raise ValueError(
            f"the path contains the character {found.group()!a}, so the databases in it could not "
            "be opened; use a path without '#', '?', '%', backslashes and control characters"
        )
    return path


Home = Annotated[Path, AfterValidator(_home)]
Name = Annotated[str, AfterValidator(_name)]
TimeZone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]


def secret(environment: Mapping[str, str], variable: str, *, whose: str, what: str) -> str:
    """Read a secret from the environment, or from the file that the environment names.

    A secret is never in the TOML. It is in the environment variable, or in a file whose path is in
    the variable with ``_FILE`` appended (a Docker or Kubernetes secret).

    Args:
        environment: The environment with the secrets.
        variable: Name of the variable.
        whose: Who needs the secret; it is named in the error.
        what: What the secret must be; it is named in the error.

    Raises:
        ConfigurationError: Neither the variable nor the file provides the secret.
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

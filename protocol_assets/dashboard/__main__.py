"""``python -m protocol_assets.dashboard``: serve the dashboard on loopback until interrupted.

Streamlit's settings are ``config.toml`` beside this file; flags on the command line follow it.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from protocol_assets.lake.permissions import restrict_new_files
from protocol_assets.settings import ConfigurationError, Settings
from protocol_assets.terminal import say_error

__all__ = ["flags", "main"]

_ROOM = Path(__file__).parent


def flags(settings: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Streamlit's settings as its flags.

    Args:
        settings: As TOML gives them.
        prefix: Section that they stand in.
    """
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from flags(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield from (f"--{prefix}{name}={one}" for one in value)
        else:
            text = str(value).lower() if isinstance(value, bool) else value
            yield f"--{prefix}{name}={text}"


def main(arguments: Sequence[str] = ()) -> int:
    """Serve until interrupted.

    Args:
        arguments: Flags of Streamlit's that stand above ``config.toml``.

    Returns:
        The exit code: 2 where the configuration cannot be used or the extra is not installed.
    """
    restrict_new_files()
    try:
        from streamlit.web.cli import main as streamlit
    except ImportError:
        say_error("the dashboard needs its extra: pip install 'protocol-assets[dashboard]'")
        return 2
    try:
        Settings.load()
    except ConfigurationError as error:
        say_error(error)
        return 2
    settings = tomllib.loads((_ROOM / "config.toml").read_text(encoding="utf-8"))
    command = ["run", str(_ROOM / "app.py"), *flags(settings), *arguments]
    streamlit(command, prog_name="protocol_assets.dashboard", standalone_mode=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

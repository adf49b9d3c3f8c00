"""Where the command line writes."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console

__all__ = ["err", "out"]

# Where no terminal tells its width, nothing is cut: keys must stay whole.
_WIDTH: Final = None if sys.stdout.isatty() else 200
out: Final = Console(highlight=False, width=_WIDTH)
err: Final = Console(stderr=True, highlight=False)

"""What the tests of the dashboard begin with."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """Put ``__main__`` back, which Streamlit replaces with the page that it runs.

    A process that a later test of the same worker spawns would run the page.
    """
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main

"""Random numbers that are the same in every process."""

from __future__ import annotations

from random import Random


def seeded(*parts: object) -> Random:
    """A generator whose stream depends on the parts alone: their text is hashed with SHA-512."""
    return Random(":".join(map(str, parts)))  # noqa: S311  -- a reproducible fleet, no secrets

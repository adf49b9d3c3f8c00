"""``make audit``: known vulnerabilities of the packages that ``requirements.lock`` pins.

pip-audit passes over what its database does not know, and finds nothing where the database cannot
be reached. So one package is asked for first, and what was not audited is named.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

__all__ = ["main"]

_LOCK: Final = Path(__file__).parents[1] / "requirements.lock"
_PROBE: Final = "requests==2.31.0"
"""A release with vulnerabilities that are known since 2024: an answer without them is none."""

_FOUND: Final = 1
_UNREACHABLE: Final = 2


def main(arguments: Sequence[str] = ()) -> int:
    """Audit the lock.

    Args:
        arguments: ``--required`` makes an unreachable database a failure.

    Returns:
        The exit code: 0 without findings, 1 with some, 2 where the database is required and cannot
        be reached.
    """
    if not _is_reachable():
        print("not audited: the database of vulnerabilities cannot be reached from here")
        return _UNREACHABLE if "--required" in arguments else 0
    audited = _audit(_LOCK)
    if audited is None:
        print("not audited: the database of vulnerabilities stopped answering", file=sys.stderr)
        return _UNREACHABLE
    found = [one for one in audited if one.get("vulns")]
    for one in found:
        names = ", ".join(vulnerability["id"] for vulnerability in one["vulns"])
        print(f"{one['name']} {one['version']}: {names}", file=sys.stderr)
    skipped = [one["name"] for one in audited if "skip_reason" in one]
    if skipped:
        print(f"not known to the database: {', '.join(skipped)}")
    print(f"audited {len(audited) - len(skipped)} packages, {len(found)} with vulnerabilities")
    return _FOUND if found else 0


def _is_reachable() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "requirements.txt"
        probe.write_text(f"{_PROBE}\n", encoding="utf-8")
        audited = _audit(probe, "--no-deps")
    return bool(audited) and any(one.get("vulns") for one in audited or ())


def _audit(requirements: Path, *more: str) -> list[dict[str, Any]] | None:
    """Each package with its ``vulns`` or the ``skip_reason``; None where there is no answer."""
    program = str(Path(sys.executable).with_name("pip-audit"))
    options = ("--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "15")
    done = subprocess.run(  # noqa: S603
        [program, *options, *more, "--requirement", str(requirements)],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        dependencies: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return None
    return dependencies


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

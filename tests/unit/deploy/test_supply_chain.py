"""The audit of the packages that the lock pins."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy import audit_lock

ROOT = Path(__file__).parents[3]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINNED = set(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", LOCK, re.MULTILINE))


class Database:
    """In the place of pip-audit: what it says of the probe, then of the lock."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    def __call__(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, stdout=self.answers.pop(0), stderr="")


def said(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


BAD = {"name": "requests", "version": "2.31.0", "vulns": [{"id": "CVE-2024-35195"}]}
GOOD = {"name": "click", "version": "8.3.0", "vulns": []}
UNKNOWN = {"name": "ours", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answers", "arguments", "code", "line"),
    [
        ([said(BAD), said(GOOD, GOOD)], [], 0, "audited 2 packages, 0 with vulnerabilities"),
        ([said(BAD), said(GOOD, BAD)], [], 1, "requests 2.31.0: CVE-2024-35195"),
        ([said(BAD), said(GOOD, UNKNOWN)], [], 0, "not known to the database: ours"),
        ([said(UNKNOWN)], [], 0, "not audited"),
        ([said(GOOD)], [], 0, "not audited"),
        ([""], [], 0, "not audited"),
        ([""], ["--required"], 2, "not audited"),
        ([said(BAD), ""], [], 2, "stopped answering"),
    ],
)
def test_silence_of_the_database_is_not_taken_for_health(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answers: list[str],
    arguments: list[str],
    code: int,
    line: str,
) -> None:
    monkeypatch.setattr(subprocess, "run", Database(*answers))
    assert audit_lock.main(arguments) == code
    captured = capsys.readouterr()
    assert line in captured.out + captured.err

"""Runs dbt: parses the project with its tests when it has changed, and builds models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from protocol_assets.app.deployment import Deployment
from protocol_assets.faults import Fault
from protocol_assets.lake.dbt_tests import DbtTest, compiled_tests, read_tests, write_tests
from protocol_assets.lake.zones import Lake
from protocol_assets.project_files import is_installed, project_file
from protocol_assets.settings import HOME_VARIABLE
from protocol_assets.storage.files import copy_content, delete, make_directory
from protocol_assets.storage.locks import exclusive

__all__ = ["BuildResult", "build_models", "manifest_path", "project_tests"]

_PROJECT: Final = project_file("dbt_project")
_DBT: Final = Path(sys.executable).with_name("dbt")
_MANIFEST: Final = "manifest.json"
_TESTS: Final = "tests.json"
_PARTIAL_PARSE: Final = "partial_parse.msgpack"
_RESULTS: Final = "run_results.json"
_SOURCE_ENDINGS: Final = (".sql", ".yml", ".csv", ".md")
_TESTS_APART: Final = ("--exclude-resource-type", "test", "unit_test")
"""Tests run united, after the models. Unit tests test the SQL on rows of their own, not these data:
the project's tests run them once."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What dbt has built.

    Attributes:
        is_successful: Whether all selected models are built.
        built: The models by name with their seconds, in the order in which they were built.
        failed: The messages of the models that failed, by their unique id; they may contain values.
    """

    is_successful: bool
    built: list[tuple[str, float]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def manifest_path(deployment: Deployment) -> Path:
    """The manifest of the project as it is now.

    Raises:
        Fault: dbt cannot parse the project.
    """
    target = _target(deployment.lake)
    made = (target / _MANIFEST, target / _TESTS)
    newest = max(
        path.stat().st_mtime
        for path in _PROJECT.rglob("*")
        if path.suffix in _SOURCE_ENDINGS and "target" not in path.parts
    )
    with exclusive(target.with_suffix(".lock"), wait=True, what="the dbt manifest"):
        if any(not one.exists() or one.stat().st_mtime < newest for one in made):
            _compile_tests(deployment.lake, target)
    return target / _MANIFEST


def project_tests(lake: Lake) -> list[DbtTest]:
    """The compiled tests of the project's models."""
    return read_tests(_target(lake) / _TESTS)


def build_models(lake: Lake, select: Sequence[str]) -> BuildResult:
    """Build models into the warehouse that is under construction.

    DuckDB quotes values in its messages. They stay in dbt's log, which only the platform's user can
    read, and do not reach programs that collect the output of a run.

    Args:
        lake: The lake.
        select: What ``dbt build --select`` gets.
    """
    target = lake.dbt / "target"
    make_directory(target, 0o700)
    delete(target / _RESULTS)  # results of an earlier build
    parsed = _target(lake) / _PARTIAL_PARSE
    if parsed.exists() and not (target / _PARTIAL_PARSE).exists():
        copy_content(parsed, target / _PARTIAL_PARSE)
    done = _dbt(lake, target, target, "build", "--select", *select, *_TESTS_APART)
    return _result(_results(target), is_successful=done.returncode == 0)


def _target(lake: Lake) -> Path:
    """The folder of the parsed project: an installed project is often not writable."""
    is_ours = not is_installed() and os.access(_PROJECT, os.W_OK)
    return (_PROJECT if is_ours else lake.dbt / "project") / "target"


def _compile_tests(lake: Lake, target: Path) -> None:
    """Parse the project and compile its tests, which needs no warehouse.

    The Jinja of a test may not query data, because its SQL is kept.
    """
    options = ("--select", "resource_type:test", "--no-introspect", "--no-populate-cache")
    done = _dbt(lake, target, target.with_name("logs"), "compile", *options)
    if done.returncode != 0:
        raise Fault(
            f"dbt cannot parse {_PROJECT.name}; correct what it names:\n{done.stdout}{done.stderr}"
        )
    manifest = json.loads((target / _MANIFEST).read_text(encoding="utf-8"))
    write_tests(target / _TESTS, compiled_tests(manifest))


def _dbt(lake: Lake, target: Path, logs: Path, *command: str) -> subprocess.CompletedProcess[str]:
    arguments = [str(_DBT), "--quiet", *command]
    arguments += ["--project-dir", str(_PROJECT), "--profiles-dir", str(_PROJECT)]
    arguments += ["--target-path", str(target), "--log-path", str(logs)]
    # dbt's profile finds the home by this variable.
    environment = os.environ | {HOME_VARIABLE: str(lake.home)}
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def _results(target: Path) -> list[Mapping[str, Any]]:
    try:
        content = json.loads((target / _RESULTS).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # dbt stopped before or while it wrote them
        return []
    results: list[Mapping[str, Any]] = content["results"]
    return results


def _result(results: Sequence[Mapping[str, Any]], *, is_successful: bool) -> BuildResult:
    return BuildResult(
        is_successful=is_successful,
        built=[
            (one["unique_id"].split(".")[2], one["execution_time"])
            for one in results
            if one["status"] == "success"
        ],
        failed={
            one["unique_id"]: str(one["message"]) for one in results if one["status"] == "error"
        },
    )

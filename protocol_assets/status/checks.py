"""The checks of a deployment: configuration, zones, key, daemon, versions, warehouse."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from protocol_assets.app.deployment import Deployment
from protocol_assets.deidentify.keys import KEY_VARIABLE, Pseudonyms
from protocol_assets.ingest.versions import code_versions
from protocol_assets.lake.key_record import key_problem, known_key_id
from protocol_assets.lake.leftovers import count_leftovers, last_cleaned
from protocol_assets.lake.warehouse_file import write_ahead_logs
from protocol_assets.lake.zones import Lake
from protocol_assets.modalities.registry import modality_of
from protocol_assets.settings import ConfigurationError
from protocol_assets.sources.dicomweb.probe import Finding
from protocol_assets.status.automation import AutomationState
from protocol_assets.status.upcoming import SILENT

__all__ = [
    "configuration_finding",
    "daemon_finding",
    "key_finding",
    "leftovers_finding",
    "versions_finding",
    "warehouse_finding",
    "zones_finding",
]

_PACKAGE: Final = "protocol-assets"


def configuration_finding(deployment: Deployment, now: dt.datetime) -> Finding:
    """The configuration in a sentence.

    Args:
        deployment: The deployment.
        now: An aware time: a day that has not ended is no partition yet.
    """
    settings = deployment.settings
    names = ", ".join(deployment.pacs_names)
    end = f" to {settings.end_date}" if settings.end_date else " on"
    newest = settings.last_day(now)
    if settings.end_date and settings.end_date > newest:
        end += f" (in the future: the last day that has ended is {newest})"
    return Finding(
        "configuration",
        "ok",
        f"PACS {names}; study days from {settings.start_date}{end}, {settings.timezone}"
        + ("; a demo" if deployment.is_demo else ""),
    )


def zones_finding(lake: Lake) -> Finding:
    """Whether the zones belong to this user, and are closed to others where required."""
    problems = list(lake.problems())
    if not lake.home.exists():
        return Finding("zones", "warn", "the home does not exist yet; the first run creates it")
    if problems:
        return Finding("zones", "fail", "; ".join(problems))
    return Finding(
        "zones",
        "ok",
        "only this user can read restricted, safe, governance, dagster, dbt, or write to publish",
    )


def key_finding(deployment: Deployment) -> tuple[Finding, Pseudonyms | None]:
    """Whether the key is set, strong, and the one that the lake was made with."""
    try:
        pseudonyms = deployment.pseudonyms()
    except ConfigurationError as error:
        return Finding("key", "fail", str(error)), None
    if problem := key_problem(deployment.lake, pseudonyms.key_id, every=True):
        return Finding("key", "fail", problem), None
    if known_key_id(deployment.lake) is None:
        made = f"{pseudonyms.key_id}; the first partition will be made with it: keep it safe"
    else:
        made = f"{pseudonyms.key_id}; the lake's pseudonyms were made with it"
    if deployment.is_demo:
        made += "; simulated data only"
    return Finding("key", "ok", f"{KEY_VARIABLE} is {made}"), pseudonyms


def daemon_finding(automation: AutomationState, now: dt.datetime) -> Finding:
    """Whether Dagster's daemon runs, and all sensors and schedules are turned on."""
    if automation.problem:
        return Finding("daemon", "fail", f"its records cannot be read: {automation.problem}")
    if automation.heard_at is None:
        return Finding("daemon", "warn", "it has never run here; start it")
    silent = now - automation.heard_at
    if silent >= SILENT:
        heard = automation.heard_at.astimezone(now.tzinfo)
        return Finding("daemon", "fail", f"no heartbeat since {heard:%Y-%m-%d %H:%M}; start it")
    if automation.stopped:
        names = ", ".join(sorted(automation.stopped))
        return Finding(
            "daemon", "fail", f"it runs, but these are turned off: {names}; turn them on in the UI"
        )
    return Finding("daemon", "ok", f"last heartbeat {max(0, int(silent.total_seconds()))} s ago")


def versions_finding(requirements: Iterable[str] | None = None) -> Finding:
    """Whether Python and the packages have tested versions.

    Args:
        requirements: As in the package's metadata; those of the installed package by default.
    """
    lines = requires(_PACKAGE) or [] if requirements is None else requirements
    wanted = [Requirement(line) for line in lines]
    wanted = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    problems = [problem for one in wanted if (problem := _problem(one))]
    python = metadata(_PACKAGE)["Requires-Python"]
    if not Requirement(f"python{python}").specifier.contains(platform.python_version()):
        problems.insert(0, f"Python {platform.python_version()} is not {python}")
    if problems:
        advice = "install requirements.lock"
        return Finding("versions", "fail", f"{'; '.join(problems)}: {advice}")
    current = code_versions(modality_of("series"))
    codes = ", ".join(
        f"{name.removesuffix('_version')} {digest}" for name, digest in current.items()
    )
    return Finding(
        "versions",
        "ok",
        f"{_PACKAGE} {version(_PACKAGE)}, Python {platform.python_version()}, "
        f"{len(wanted)} packages within their bounds; {codes}",
    )


def _problem(wanted: Requirement) -> str | None:
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is missing"
    if wanted.specifier.contains(found, prereleases=True):
        return None
    return f"{wanted.name} {found} is not {wanted.specifier}"


def warehouse_finding(lake: Lake, now: dt.datetime) -> Finding:
    """Whether the warehouse is up to date with the facts."""
    objects = lake.storage.objects
    facts = map(objects.describe, objects.list_keys("safe/facts/**/*.parquet"))
    newest = max((one.modified for one in facts if one is not None), default=0.0)
    if not lake.warehouse.exists():
        words = "there is none yet; the first report builds it, or run protocol-assets rebuild"
        return Finding("warehouse", "warn" if newest else "ok", words)
    if write_ahead_logs(lake.warehouse):
        words = (
            "another program is writing to safe/warehouse.duckdb, or ended while writing; the next "
            "report discards its changes; open safe/reading/warehouse.duckdb read-only instead"
        )
        return Finding("warehouse", "warn", words)
    built = _changed(lake.warehouse)
    when = f"built {dt.datetime.fromtimestamp(built, now.tzinfo):%Y-%m-%d %H:%M}"
    if newest > built:
        advice = "the next report updates it, or run protocol-assets rebuild"
        return Finding("warehouse", "warn", f"{when}, before the latest facts; {advice}")
    return Finding("warehouse", "ok", f"{when}, with the latest facts")


def leftovers_finding(lake: Lake, now: dt.datetime) -> Finding:
    """Whether killed runs left temporary files, and what the last start deleted."""
    if words := count_leftovers(lake).words:
        text = f"temporary files of killed runs: {words}; the next start deletes them"
        return Finding("leftovers", "warn", text)
    if cleaned := last_cleaned(lake):
        at, files = cleaned
        when = f"{at.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"
        text = f"none; {sum(files.values())} files of killed runs were deleted on {when}"
        return Finding("leftovers", "ok", text)
    return Finding("leftovers", "ok", "none: no killed run left temporary files")


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0

"""Prepare the home of a deployment for a process that works in it."""

from __future__ import annotations

import os
import warnings
from typing import Final

import dagster as dg

from protocol_assets.app.deployment import Deployment
from protocol_assets.ingest.placement import finish_placements
from protocol_assets.lake.compaction import finish_months
from protocol_assets.lake.leftovers import register_process
from protocol_assets.lake.permissions import restrict_new_files
from protocol_assets.lake.upgrade import upgrade_home
from protocol_assets.lake.zones import RESTRICTED_FILE
from protocol_assets.project_files import project_file
from protocol_assets.storage.files import write_bytes

__all__ = ["prepare_home"]

_DAGSTER_YAML: Final = project_file("dagster.yaml")


def prepare_home(deployment: Deployment) -> None:
    """Create the zones and Dagster's instance file; keep user errors out of Dagster's storage."""
    os.environ["DAGSTER_REDACT_USER_CODE_ERRORS"] = "1"
    restrict_new_files()
    # dagster.yaml configures the logging of events, for which Dagster warns at every run.
    warnings.filterwarnings("ignore", category=dg.BetaWarning, message="Handling yaml-defined")
    lake = deployment.lake
    upgrade_home(lake)
    lake.prepare()
    register_process(lake)
    finish_placements(lake)
    finish_months(lake)
    target = lake.dagster_home / "dagster.yaml"
    content = _DAGSTER_YAML.read_bytes()
    if not target.exists() or target.read_bytes() != content:
        write_bytes(target, content, mode=RESTRICTED_FILE)

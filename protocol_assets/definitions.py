"""The definitions that Dagster loads, for the deployment that the environment names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.home import prepare_home
from protocol_assets.defs.automation import automate
from protocol_assets.defs.resources import (
    DeploymentResource,
    NotifyResource,
    ReportTurnResource,
    StagesResource,
)
from protocol_assets.project_files import project_file

__all__ = ["build_definitions", "defs"]


@dg.definitions
def defs() -> dg.Definitions:
    """The deployment's definitions."""
    return build_definitions(Deployment.load())


def build_definitions(
    deployment: Deployment, *, resource_overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """Fresh definitions for one deployment, loaded from the folders of ``defs``.

    Args:
        deployment: The deployment.
        resource_overrides: Replace resources by name, for tests and for the command line.
    """
    prepare_home(deployment)
    with deployment.activated():
        loaded = dg.load_from_defs_folder(path_within_project=project_file("dg.toml").parent)
    resources = {
        "deployment": DeploymentResource.of(deployment),
        "report_turn": ReportTurnResource.of(deployment),
        "stages": StagesResource.of(deployment),
        "notify": NotifyResource.of(deployment),
    }
    assets = [one for one in loaded.assets or () if isinstance(one, dg.AssetsDefinition)]
    return dg.Definitions(
        assets=automate(assets, deployment.settings),
        asset_checks=loaded.asset_checks,
        sensors=loaded.sensors,
        schedules=loaded.schedules,
        jobs=loaded.jobs,
        resources=resources | dict(resource_overrides or {}),
        executor=dg.in_process_executor,
    )

"""What Dagster loads: the definitions of the deployment that the environment names."""

from __future__ import annotations

import dagster as dg

from protocol_assets.app.build import build_definitions
from protocol_assets.app.deployment import Deployment


@dg.definitions
def defs() -> dg.Definitions:
    """The deployment's definitions."""
    return build_definitions(Deployment.load())

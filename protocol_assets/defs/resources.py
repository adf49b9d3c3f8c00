"""The resources of the assets. The UI shows the configuration of the deployment with them.

The configuration contains the names of the variables that hold secrets, and never a secret.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Self

import dagster as dg

from protocol_assets.app.deployment import Deployment
from protocol_assets.delivery.notify import channels
from protocol_assets.delivery.outbox import Channels
from protocol_assets.ingest.stages import Stages
from protocol_assets.lake.turns import report_turn
from protocol_assets.settings import Settings
from protocol_assets.settings.addresses import mailbox

__all__ = [
    "Audience",
    "DeploymentResource",
    "NotifyResource",
    "ReportTurnResource",
    "StagesResource",
]

Audience = Literal["engineers", "physicists"]


class DeploymentResource(dg.ConfigurableResource[Any]):
    """The deployment that a run belongs to.

    Attributes:
        configuration: The settings in ``protocol_assets.toml``, including defaults.
    """

    configuration: dict[str, Any]

    @classmethod
    def of(cls, deployment: Deployment) -> Self:
        """The resource of a deployment."""
        return cls(configuration=deployment.settings.model_dump(mode="json", exclude_none=True))

    @property
    def deployment(self) -> Deployment:
        """The deployment."""
        return Deployment(Settings.model_validate(self.configuration))


class ReportTurnResource(DeploymentResource):
    """The deployment, locked so that only one run at a time makes a report.

    The lock lasts from the first step of a run to the last, because each step of a report reads
    what the previous one has written.
    """

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:  # noqa: ARG002
        """Hold the lock during the run."""
        with report_turn(self.deployment.lake):
            yield self


class StagesResource(DeploymentResource):
    """The stages that every partition passes through."""

    def __call__(self) -> Stages:
        """Return the stages, with the key and the clients of this process."""
        return self.deployment.stages()


class NotifyResource(DeploymentResource):
    """The recipients of alerts and the channels over which they receive them."""

    def __call__(self, audience: Audience) -> Channels:
        """Return the channels to one audience; empty if no recipient is configured."""
        deployment = self.deployment
        alerts = deployment.settings.alerts
        to = alerts.engineers if audience == "engineers" else alerts.physicists
        return channels(deployment.outlets, tuple(map(mailbox, to)))

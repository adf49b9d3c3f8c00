"""The resources of the assets: their configuration is the deployment's, as the UI shows it.

The configuration names the variables that hold secrets, and no secret.
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
        configuration: What ``protocol_assets.toml`` says, defaults included.
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
    """The deployment while no other run makes a report: held from a run's first step to its last.

    A report is made in several steps, each of which reads what the one before it has written.
    """

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:  # noqa: ARG002
        """Hold the turn for the run."""
        with report_turn(self.deployment.lake):
            yield self


class StagesResource(DeploymentResource):
    """The stages that a partition passes."""

    def __call__(self) -> Stages:
        """The stages, with the key and the clients of this process."""
        return self.deployment.stages()


class NotifyResource(DeploymentResource):
    """Who is informed of what, and over which channels."""

    def __call__(self, audience: Audience) -> Channels:
        """The channels to one audience; empty where nobody is configured."""
        deployment = self.deployment
        alerts = deployment.settings.alerts
        to = alerts.engineers if audience == "engineers" else alerts.physicists
        return channels(deployment.outlets, tuple(map(mailbox, to)))

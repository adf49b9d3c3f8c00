"""The sensors that alert people."""

import dagster as dg

from protocol_assets.defs.delivery.alerts import (
    failure_sensor,
    findings_sensor,
    partitions_sensor,
)


@dg.definitions
def defs() -> dg.Definitions:
    """Return one sensor each for failed runs, partitions and findings."""
    return dg.Definitions(sensors=[failure_sensor(), partitions_sensor(), findings_sensor()])

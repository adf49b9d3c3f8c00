"""The sensors that alert people."""

import dagster as dg

from protocol_assets.defs.delivery.alerts import (
    failure_sensor,
    findings_sensor,
    partitions_sensor,
)


@dg.definitions
def defs() -> dg.Definitions:
    """One sensor for failed runs, one for partitions, one for findings."""
    return dg.Definitions(sensors=[failure_sensor(), partitions_sensor(), findings_sensor()])

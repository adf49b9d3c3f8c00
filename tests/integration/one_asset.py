"""A code location that loads at once: what is tested is who may reach it."""

from __future__ import annotations

import dagster as dg


@dg.asset
def scanned() -> None:
    """Makes nothing."""


@dg.sensor(job_name="scan", default_status=dg.DefaultSensorStatus.STOPPED)
def arrivals() -> None:
    """Finds nothing."""


defs = dg.Definitions(
    assets=[scanned], jobs=[dg.define_asset_job("scan", selection="*")], sensors=[arrivals]
)

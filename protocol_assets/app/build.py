"""Build the Dagster definitions of one deployment."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from zoneinfo import ZoneInfo

import dagster as dg

from protocol_assets.defs.automation import automation_sensor, follow_partitions
from protocol_assets.defs.delivery.alerts import alert_sensors, notifier
from protocol_assets.defs.delivery.assets import report_mail
from protocol_assets.defs.ingest.arrivals import arrivals_check
from protocol_assets.defs.ingest.assets import PARTITION_ASSETS, partition_assets
from protocol_assets.defs.ingest.sensors import pacs_sensors
from protocol_assets.defs.publishing.assets import chief_report, published_marts
from protocol_assets.defs.reference.assets import protocol_labels, reference_data
from protocol_assets.defs.retention.assets import PURGE_JOB, purge_schedule, retention_purge
from protocol_assets.defs.warehouse.analysis import analysis
from protocol_assets.defs.warehouse.dbt import dbt_cli, findings_assets, warehouse_assets
from protocol_assets.governance.do_not_process import excludes
from protocol_assets.ingest.placement import finish_placements
from protocol_assets.ingest.stages import Stages
from protocol_assets.lake.key_record import claim_key
from protocol_assets.lake.leftovers import register_process
from protocol_assets.lake.permissions import restrict_new_files
from protocol_assets.lake.turns import report_turn
from protocol_assets.lake.zones import RESTRICTED_FILE, Lake, Partition
from protocol_assets.project_files import project_file
from protocol_assets.settings import Settings
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.storage.files import write_bytes

__all__ = ["INGEST_JOB", "REPORT_JOB", "build_definitions", "prepare_home"]

INGEST_JOB: Final = "land_and_deidentify"
REPORT_JOB: Final = "build_warehouse_and_report"

_DAGSTER_YAML: Final = project_file("dagster.yaml")


def build_definitions(
    settings: Settings, *, resource_overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """Fresh definitions for one deployment.

    Args:
        settings: The deployment.
        resource_overrides: Replace resources by name, for tests and for the command line.
    """
    prepare_home(settings)
    partitions = partition_assets(settings)
    followers = follow_partitions(
        settings,
        [
            protocol_labels,
            reference_data,
            warehouse_assets(settings),
            analysis,
            findings_assets(settings),
            published_marts,
            chief_report,
            report_mail,
        ],
    )
    arrivals = arrivals_check(settings)
    return dg.Definitions(
        assets=[partitions, *followers, retention_purge],
        asset_checks=[arrivals],
        sensors=[
            *pacs_sensors(settings, job=INGEST_JOB),
            automation_sensor(
                dg.AssetSelection.assets(*followers) | dg.AssetSelection.checks(arrivals)
            ),
            *alert_sensors(),
        ],
        jobs=[
            dg.define_asset_job(
                INGEST_JOB,
                selection=dg.AssetSelection.assets(*PARTITION_ASSETS),
                description="Land study days, flatten them, and make their facts.",
            ),
            dg.define_asset_job(
                PURGE_JOB,
                selection=dg.AssetSelection.assets(retention_purge),
                description="Drop what has outlived its retention.",
            ),
            dg.define_asset_job(
                REPORT_JOB,
                selection=dg.AssetSelection.all()
                - dg.AssetSelection.assets(*PARTITION_ASSETS, retention_purge),
                description="Build the warehouse from all facts, publish, and write the report.",
            ),
        ],
        schedules=[purge_schedule(settings)],
        resources={
            "lake": settings.lake,
            "lake_in_turn": _lake_in_turn(settings),
            "settings": settings,
            "stages": lambda: stages(settings),
            "dbt": dbt_cli(),
            "notify": notifier(settings),
        }
        | dict(resource_overrides or {}),
        executor=dg.in_process_executor,
    )


def _lake_in_turn(settings: Settings) -> dg.ResourceDefinition:
    """The lake for what makes the report; held from a run's first step to its last."""

    @contextmanager
    def hold(_context: dg.InitResourceContext) -> Iterator[Lake]:
        with report_turn(settings.lake) as lake:
            yield lake

    return dg.ResourceDefinition(hold, description="The lake, while no other report is made.")


def stages(settings: Settings, tell: Any = None) -> Stages:
    """The stages of a deployment.

    Raises:
        ConfigurationError: The key is missing or refused.
    """

    def client_for(name: str) -> PacsClient:
        return PacsClient(settings.endpoint(name), rate_limit=settings.rate_limit(name))

    def silent(_partition: Partition, _done: int, _listed: int) -> None:
        return None

    def zone_of(name: str) -> ZoneInfo | None:
        # UTC is the default where nobody configured a time zone, and no scanner's wall clock.
        zone = settings.pacs_named(name).timezone or settings.timezone
        return None if zone == "UTC" else ZoneInfo(zone)

    pseudonyms = settings.pseudonyms()
    claim_key(settings.lake, pseudonyms.key_id)
    return Stages(
        lake=settings.lake,
        pseudonyms=pseudonyms,
        client_for=client_for,
        tell=tell or silent,
        zone_of=zone_of,
        is_excluded=excludes(settings.lake),
    )


def prepare_home(settings: Settings) -> None:
    """Create the zones and Dagster's instance file; keep user errors out of Dagster's storage."""
    os.environ["DAGSTER_REDACT_USER_CODE_ERRORS"] = "1"
    restrict_new_files()
    # Where events are logged stands in dagster.yaml, which Dagster calls beta at every run.
    warnings.filterwarnings("ignore", category=dg.BetaWarning, message="Handling yaml-defined")
    settings.lake.prepare()
    register_process(settings.lake)
    finish_placements(settings.lake)
    target = settings.lake.dagster_home / "dagster.yaml"
    content = _DAGSTER_YAML.read_bytes()
    if not target.exists() or target.read_bytes() != content:
        write_bytes(target, content, mode=RESTRICTED_FILE)

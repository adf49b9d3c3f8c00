"""The warehouse. dbt builds a new one beside the old one, and then replaces it.

The first run (``tag:core``) builds it from nothing. After the analysis, the second run
(``tag:findings``) adds the findings to a copy. dbt builds the models; their tests then run united,
one statement per model. If a test of error severity fails, the run stops before the replacement, so
readers keep the last good warehouse.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtProject,
    dbt_assets,
)
from dagster_dbt.asset_utils import DAGSTER_DBT_UNIQUE_ID_METADATA_KEY

from protocol_assets.app.deployment import Deployment
from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.resources import ReportTurnResource
from protocol_assets.defs.warehouse.dbt_checks import CHECK, check_results, failed_tests
from protocol_assets.defs.warehouse.dbt_runs import (
    BuildResult,
    build_models,
    manifest_path,
    project_tests,
)
from protocol_assets.faults import Fault
from protocol_assets.ingest.stages import write_schemas
from protocol_assets.lake.compaction import undisturbed
from protocol_assets.lake.dbt_tests import TestOutcome, model_of_test, run_tests
from protocol_assets.lake.parquet import require_whole
from protocol_assets.lake.permissions import PRIVATE, tighten_zone
from protocol_assets.lake.warehouse_file import (
    copy_for_building,
    finish_building,
    is_about_full_disk,
    open_for_tests,
    open_read_only,
    prepare_building,
    put_in_place,
    room_for_building,
)
from protocol_assets.lake.zones import Lake
from protocol_assets.modalities.registry import modality_of
from protocol_assets.storage.full_disk import describe_full_disk, has_no_room

__all__ = ["findings_assets", "warehouse_assets"]


class Translator(DagsterDbtTranslator):
    """Gives each mart its plain name as asset key, and its dbt folder as group."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Return the model's name; the ``meta`` of a source names the asset that writes it."""
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey(dbt_resource_props["name"])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the folder below ``models``."""
        return str(dbt_resource_props["fqn"][1])

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,  # noqa: ARG002  -- inherited
    ) -> dg.AssetCheckSpec | None:
        """Return the one check of a model for each of its tests; None for a test of another one."""
        model = model_of_test(manifest["nodes"][unique_id])
        if model is None or dg.AssetKey(manifest["nodes"][model]["name"]) != asset_spec.key:
            return None
        return dg.AssetCheckSpec(
            CHECK,
            asset=asset_spec.key,
            description="All dbt tests of this model.",
            # dagster-dbt looks for it when a run leaves checks out.
            metadata={DAGSTER_DBT_UNIQUE_ID_METADATA_KEY: unique_id},
        )


def warehouse_assets(deployment: Deployment) -> dg.AssetsDefinition:
    """Create the assets of the dbt models in ``tag:core``, with their tests as checks."""

    @_models(deployment, "warehouse", "core")
    @redact_errors
    def warehouse(
        context: dg.AssetExecutionContext, report_turn: ReportTurnResource
    ) -> Iterator[Any]:
        # Deselected models keep the result of the last build; deselected checks do not matter.
        is_whole = context.selected_asset_keys == warehouse.keys
        select = ["tag:core"] if is_whole else _names(context)
        yield from _build(context, report_turn.deployment.lake, select, from_nothing=is_whole)

    return warehouse


def findings_assets(deployment: Deployment) -> dg.AssetsDefinition:
    """Create the assets of the dbt models in ``tag:findings``, with their tests as checks."""

    @_models(deployment, "findings_models", "findings")
    @redact_errors
    def findings(
        context: dg.AssetExecutionContext, report_turn: ReportTurnResource
    ) -> Iterator[Any]:
        is_whole = context.selected_asset_keys == findings.keys
        select = ["tag:findings"] if is_whole else _names(context)
        yield from _build(context, report_turn.deployment.lake, select, from_nothing=False)

    return findings


def _models(
    deployment: Deployment, name: str, tag: str
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    return dbt_assets(
        manifest=manifest_path(deployment),
        select=f"tag:{tag}",
        dagster_dbt_translator=Translator(
            # Some assets write the files of several sources.
            DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)
        ),
        name=name,
    )


def _names(context: dg.AssetExecutionContext) -> list[str]:
    return sorted(key.to_user_string() for key in context.selected_asset_keys)


def _build(
    context: dg.AssetExecutionContext, lake: Lake, select: Sequence[str], *, from_nothing: bool
) -> Iterator[Any]:
    """Build the selected models beside the warehouse, and replace it if their tests have passed."""
    with (
        lake.storage.locks.exclusive("warehouse", wait=True, what="the warehouse"),
        undisturbed(lake),
    ):
        write_schemas(lake, modality_of("series"))
        require_whole(lake, "safe/facts", "safe/labels", "safe/reference")
        prepare_building(lake)
        if not from_nothing and lake.warehouse.exists():
            copy_for_building(lake)
        build = build_models(lake, select)
        tighten_zone(lake.dbt, PRIVATE)
        rows = _row_counts(lake) if build.is_successful else {}
        for model, seconds in build.built:
            metadata = {"seconds": round(seconds, 2)}
            if model in rows:
                metadata["dagster/row_count"] = rows[model]
            yield dg.MaterializeResult(asset_key=model, metadata=metadata)
        if not build.is_successful:
            raise Fault(_failed(build, lake))
        outcomes = _tested(context, lake)
        yield from check_results(outcomes, context.selected_asset_check_keys)
        if failed := failed_tests(outcomes):
            raise Fault(f"the last good warehouse stays; failed: {', '.join(failed)}")
        put_in_place(lake.warehouse_building, lake.warehouse)


def _tested(context: dg.AssetExecutionContext, lake: Lake) -> dict[str, list[TestOutcome]]:
    """Run the tests of the selected checks on the built warehouse."""
    models = {key.asset_key.to_user_string() for key in context.selected_asset_check_keys}
    tests = [test for test in project_tests(lake) if test.model in models]
    with open_for_tests(lake.warehouse_building) as connection:
        return run_tests(connection, tests)


def _row_counts(lake: Lake) -> dict[str, int]:
    """Count the rows of the built tables; views read the lake and are not counted."""
    finish_building(lake.warehouse_building)  # before it is read, because this removes logs
    with open_read_only(lake.warehouse_building) as connection:
        names = connection.execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_type = 'BASE TABLE'"
        ).fetchall()
        return {
            name: connection.execute(
                f'select count(*) from "{schema}"."{name}"'  # noqa: S608
            ).fetchall()[0][0]
            for schema, name in names
        }


def _failed(build: BuildResult, lake: Lake) -> str:
    """Name the models that failed, without their messages, which may contain values."""
    is_full = any(is_about_full_disk(message) for message in build.failed.values())
    if is_full or (not build.failed and has_no_room(lake.dbt)):
        full = lake.safe if is_full else lake.dbt  # dbt's log and results need room too
        needed = room_for_building(lake.warehouse)
        return f"the last good warehouse stays; {describe_full_disk(full, needed)}"
    what = ", ".join(sorted(build.failed)) or "dbt itself"
    return f"the last good warehouse stays; failed: {what}; see home/dbt/target/dbt.log"

"""The warehouse. dbt builds a new one beside the old one, and then replaces it.

The first run (``tag:core``) builds it from nothing. After the analysis, the second run
(``tag:findings``) adds the findings to a copy. If a test of error severity fails, the run stops
before the replacement, so readers keep the last good warehouse.
"""

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Final

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliInvocation,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from protocol_assets.app.deployment import Deployment
from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.resources import ReportTurnResource
from protocol_assets.faults import Fault
from protocol_assets.ingest.stages import write_schemas
from protocol_assets.lake.parquet import require_whole
from protocol_assets.lake.permissions import PRIVATE, tighten_zone
from protocol_assets.lake.warehouse_file import (
    copy_for_building,
    finish_building,
    is_about_full_disk,
    open_read_only,
    prepare_building,
    put_in_place,
    room_for_building,
)
from protocol_assets.lake.zones import Lake
from protocol_assets.modalities.registry import modality_of
from protocol_assets.project_files import is_installed, project_file
from protocol_assets.settings import HOME_VARIABLE
from protocol_assets.storage.files import delete
from protocol_assets.storage.full_disk import describe_full_disk, has_no_room
from protocol_assets.storage.locks import exclusive

__all__ = ["dbt_cli", "dbt_project", "findings_assets", "warehouse_assets"]

_PROJECT: Final = project_file("dbt_project")
_RESULTS: Final = "run_results.json"
_WITHOUT_UNIT_TESTS: Final = ("--exclude-resource-type", "unit_test")
"""They test the SQL on rows of their own, not these data: the project's tests run them once."""
_SOURCE_ENDINGS: Final = (".sql", ".yml", ".csv", ".md")


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


def dbt_project(deployment: Deployment) -> DbtProject:
    """Return the dbt project with an up-to-date manifest.

    Raises:
        Fault: dbt cannot parse the project.
    """
    # An installed project belongs to the package and is often not writable.
    is_ours = not is_installed() and os.access(_PROJECT, os.W_OK)
    parsed = _PROJECT if is_ours else deployment.lake.dbt / "project"
    project = DbtProject(project_dir=_PROJECT, profiles_dir=_PROJECT, target_path=parsed / "target")
    manifest = project.manifest_path
    newest = max(
        path.stat().st_mtime
        for path in _PROJECT.rglob("*")
        if path.suffix in _SOURCE_ENDINGS and "target" not in path.parts
    )
    lock = manifest.parent.with_suffix(".lock")
    with exclusive(lock, wait=True, what="the dbt manifest"):
        if not manifest.exists() or manifest.stat().st_mtime < newest:
            _parse(deployment, parsed)
    return project


def _parse(deployment: Deployment, parsed: Path) -> None:
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "parse"]
    command += ["--project-dir", str(_PROJECT), "--profiles-dir", str(_PROJECT)]
    command += ["--target-path", str(parsed / "target"), "--log-path", str(parsed / "logs")]
    environment = os.environ | {HOME_VARIABLE: str(deployment.settings.home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise Fault(
            f"dbt cannot parse {_PROJECT.name}; correct what it names:\n{done.stdout}{done.stderr}"
        )


def dbt_cli() -> DbtCliResource:
    """Create the resource that runs dbt on this project."""
    return DbtCliResource(
        project_dir=str(_PROJECT),
        profiles_dir=str(_PROJECT),
        dbt_executable=str(Path(sys.executable).with_name("dbt")),
    )


def warehouse_assets(deployment: Deployment) -> dg.AssetsDefinition:
    """Create the assets of the dbt models in ``tag:core``, with their tests as checks."""

    @_models(deployment, "warehouse", "core")
    @redact_errors
    def warehouse(
        context: dg.AssetExecutionContext,
        dbt: DbtCliResource,
        report_turn: ReportTurnResource,
    ) -> Iterator[Any]:
        # Deselected models keep the result of the last build; deselected checks do not matter.
        is_whole = context.selected_asset_keys == warehouse.keys
        yield from _build(context, dbt, report_turn.deployment.lake, from_nothing=is_whole)

    return warehouse


def findings_assets(deployment: Deployment) -> dg.AssetsDefinition:
    """Create the assets of the dbt models in ``tag:findings``, with their tests as checks."""

    @_models(deployment, "findings_models", "findings")
    @redact_errors
    def findings(
        context: dg.AssetExecutionContext,
        dbt: DbtCliResource,
        report_turn: ReportTurnResource,
    ) -> Iterator[Any]:
        yield from _build(context, dbt, report_turn.deployment.lake, from_nothing=False)

    return findings


def _models(
    deployment: Deployment, name: str, tag: str
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    return dbt_assets(
        manifest=dbt_project(deployment).manifest_path,
        select=f"tag:{tag}",
        dagster_dbt_translator=Translator(
            # Some assets write the files of several sources.
            DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True)
        ),
        name=name,
    )


def _build(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, lake: Lake, *, from_nothing: bool
) -> Iterator[Any]:
    """Build the selected models beside the warehouse, and replace it if every test has passed."""
    with lake.storage.locks.exclusive("warehouse", wait=True, what="the warehouse"):
        write_schemas(lake, modality_of("series"))
        require_whole(lake, "safe/facts", "safe/labels", "safe/reference")
        prepare_building(lake)
        delete(lake.dbt / "target" / _RESULTS)  # results of an earlier build
        if not from_nothing and lake.warehouse.exists():
            copy_for_building(lake)
        with _home_in_environment(lake):
            build = dbt.cli(
                ["build", *_WITHOUT_UNIT_TESTS],
                context=context,
                target_path=lake.dbt / "target",
                raise_on_error=False,
            )
        # DuckDB quotes values in its messages. They stay in dbt's log, which only the platform's
        # user can read, and do not reach programs that collect the output of a run.
        with redirect_stdout(io.StringIO()):
            events = list(build.stream())
        # dagster-dbt copies files with the permissions that they have in the project.
        tighten_zone(lake.dbt, PRIVATE)
        if build.is_successful():
            finish_building(lake.warehouse_building)  # before it is read, because this removes logs
            for key, rows in _row_counts(context, lake).items():
                context.add_asset_metadata({"dagster/row_count": rows}, asset_key=key)
        yield from events
        if not build.is_successful():
            raise Fault(_failed(build, lake))
        put_in_place(lake.warehouse_building, lake.warehouse)


def _row_counts(context: dg.AssetExecutionContext, lake: Lake) -> dict[dg.AssetKey, int]:
    """Count the rows of the built tables; views read the lake and are not counted."""
    with open_read_only(lake.warehouse_building) as connection:
        names = connection.execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_type = 'BASE TABLE'"
        ).fetchall()
        rows = {
            dg.AssetKey(name): connection.execute(
                f'select count(*) from "{schema}"."{name}"'  # noqa: S608
            ).fetchall()[0][0]
            for schema, name in names
        }
    return {key: count for key, count in rows.items() if key in context.selected_asset_keys}


@contextmanager
def _home_in_environment(lake: Lake) -> Iterator[None]:
    """Set the variable with which dbt's profile finds the home."""
    before = os.environ.get(HOME_VARIABLE)
    os.environ[HOME_VARIABLE] = str(lake.home)
    try:
        yield
    finally:
        if before is None:
            del os.environ[HOME_VARIABLE]
        else:
            os.environ[HOME_VARIABLE] = before


def _failed(build: DbtCliInvocation, lake: Lake) -> str:
    """Name the models and tests that failed, without their messages, which may contain values."""
    try:
        results = build.get_artifact(_RESULTS)["results"]
    except (FileNotFoundError, ValueError):  # dbt stopped before or while it wrote them
        results = []
    names = [one["unique_id"] for one in results if one["status"] in ("error", "fail")]
    is_full = any(is_about_full_disk(str(one.get("message"))) for one in results)
    if is_full or (not names and has_no_room(lake.dbt)):
        full = lake.safe if is_full else lake.dbt  # dbt's log and results need room too
        needed = room_for_building(lake.warehouse)
        return f"the last good warehouse stays; {describe_full_disk(full, needed)}"
    what = ", ".join(sorted(names)) or "dbt itself"
    return f"the last good warehouse stays; failed: {what}; see home/dbt/target/dbt.log"

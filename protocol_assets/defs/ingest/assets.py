"""``raw_dicomweb``, ``series``, ``series_facts``: each partition is accepted or refused on its own.

The three are one multi-asset, so a partition passes through all stages in one run. A partition that
is refused at one stage must not block the others at the next. A run with a refused partition logs
the good partitions one by one, yields the checks, and fails, so only the refused partitions are
red.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import dagster as dg

from protocol_assets.app.deployment import Deployment
from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.ingest.partitions import partitions_of, study_day_partitions
from protocol_assets.defs.metadata import column_schema, partition_metadata
from protocol_assets.deidentify.policy import facts_schema
from protocol_assets.dicom.columns import series_schema
from protocol_assets.ingest.stages import StageResult, Stages
from protocol_assets.lake.zones import Partition
from protocol_assets.modalities.registry import modality_of

__all__ = [
    "INSISTED_TAG",
    "LARGEST_RUN",
    "PARTITION_ASSETS",
    "completeness_check",
    "partition_assets",
]

_MODALITY: Final = modality_of("series")
PARTITION_ASSETS: Final = ("raw_dicomweb", "series", "series_facts")
LARGEST_RUN: Final = 31
INSISTED_TAG: Final = "protocol_assets/insisted"
"""On a run whose launcher has already ended the pause of its PACS."""

_NOT_BY_A_PERSON: Final = (
    "dagster/sensor_name",
    "dagster/schedule_name",
    "dagster/auto_materialize",
    "dagster/backfill",
    "dagster/retry_number",
    INSISTED_TAG,
)

Events = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


class LandingConfig(dg.Config):
    """Options of a run that a person launches.

    Attributes:
        force: Fetch every study again, even if it is unchanged.
    """

    force: bool = False


def partition_assets(deployment: Deployment) -> dg.AssetsDefinition:
    """The three partitioned assets with their checks."""

    @dg.multi_asset(
        name="ingest",
        specs=_specs(),
        check_specs=_check_specs(),
        partitions_def=study_day_partitions(deployment.settings),
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=LARGEST_RUN),
        can_subset=True,
    )
    @redact_errors
    def ingest(
        context: dg.AssetExecutionContext,
        config: LandingConfig,
        stages: dg.ResourceParam[Callable[[], Stages]],
    ) -> Events:
        if set(_NOT_BY_A_PERSON).isdisjoint(context.run.tags):
            # A person asks for these days, and may have fixed the cause of earlier failures.
            for name in sorted({partition.pacs for partition in partitions_of(context)}):
                deployment.rate_limit(name).insist()
        threshold = deployment.settings.completeness_threshold
        yield from _run(context, stages(), force=config.force, threshold=threshold)

    return ingest


def _run(
    context: dg.AssetExecutionContext, stages: Stages, *, force: bool, threshold: float
) -> Events:
    selected = {key.to_user_string() for key in context.selected_asset_keys}
    work = {
        "raw_dicomweb": lambda partitions: stages.land(partitions, force=force),
        "series": stages.flatten,
        "series_facts": stages.project,
    }
    partitions = partitions_of(context)
    refused: dict[Partition, str] = {}
    results: dict[str, StageResult] = {}
    for asset in PARTITION_ASSETS:
        if asset in selected:
            results[asset] = work[asset](partitions)
            refused |= results[asset].refused
            partitions = [partition for partition in partitions if partition not in refused]
    stored = results["series_facts"].passed if "series_facts" in results else {}
    lost = {partition: int(counts["studies_left_out"]) for partition, counts in stored.items()}
    for asset, result in results.items():
        if asset == "raw_dicomweb":
            yield completeness_check(result, threshold, refused, lost)
        else:
            yield from _gate_checks(asset, result)
        for partition, counts in result.passed.items():
            _record(context, asset, partition, counts, run_fails=bool(refused))
    if refused:
        raise _failure(refused, len(partitions) + len(refused))
    for asset in results:
        yield dg.MaterializeResult(asset_key=asset)


def _record(
    context: dg.AssetExecutionContext,
    asset: str,
    partition: Partition,
    counts: Mapping[str, Any],
    *,
    run_fails: bool,
) -> None:
    """Attach the counts of a partition; to a materialization of its own if the run will fail."""
    metadata = partition_metadata(counts)
    if run_fails:
        context.log_event(
            dg.AssetMaterialization(asset, partition=partition.key, metadata=metadata)
        )
    else:
        context.add_asset_metadata(metadata, asset_key=asset, partition_key=partition.key)


def _failure(refused: Mapping[Partition, str], total: int) -> dg.Failure:
    # In the order of the work, so that a failure that stopped the rest comes first.
    lines = [f"{partition.key}: {reason}" for partition, reason in refused.items()]
    return dg.Failure(
        description=f"{len(refused)} of {total} partitions refused\n" + "\n".join(lines),
        metadata={"refused": {partition.key: reason for partition, reason in refused.items()}},
        allow_retries=False,
    )


def _gate_checks(asset: str, result: StageResult) -> Iterator[dg.AssetCheckResult]:
    suite = result.suite
    table = dg.MetadataValue.md(suite.markdown() if suite else "No partition was checked.")
    reasons = {partition.key: reason for partition, reason in sorted(result.refused.items())}
    yield dg.AssetCheckResult(
        asset_key=asset,
        check_name="gate",
        passed=not result.refused,
        severity=dg.AssetCheckSeverity.ERROR,
        description=_count(len(result.refused), "partition refused", "partitions refused"),
        metadata={"refused": reasons, "expectations": table},
    )
    warnings = suite.failed("warning") if suite else ()
    yield dg.AssetCheckResult(
        asset_key=asset,
        check_name="coverage_and_plausibility",
        passed=not warnings,
        severity=dg.AssetCheckSeverity.WARN,
        description=_count(len(warnings), "expectation not met", "expectations not met"),
        metadata={"expectations": table},
    )


_CERTIFIED: Final = (
    "studies_expected",
    "studies_landed",
    "studies_incomplete",
    "studies_failed",
    "studies_gone",
    "studies_not_online",
    "studies_unreadable",
    "studies_other_modality",
    "instances_rejected",
    "instances_duplicate",
    "instances_miscounted",
    "dead_letters",
    "requests",
    "retries",
    "bytes",
    "seconds",
)


def completeness_check(
    result: StageResult,
    threshold: float,
    refused: Mapping[Partition, str] = MappingProxyType({}),
    left_out: Mapping[Partition, int] = MappingProxyType({}),
) -> dg.AssetCheckResult:
    """Create the check of completeness for several partitions.

    A refused partition is not complete, whichever stage refused it. A study counts as missing if
    any part of it is left out of the facts.

    Args:
        result: The result of the landing.
        threshold: Share of a partition's studies below which the check is an error instead of a
            warning.
        refused: The reason for each partition that any stage refused.
        left_out: Number of studies per partition of which the facts lack something.
    """
    reasons = {**result.refused, **refused}
    missing, below = {}, []
    short = {
        partition.key: counts["shortfall"]
        for partition, counts in sorted(result.passed.items())
        if counts["shortfall"]
    }
    lines = [
        "| partition | "
        + " | ".join(name.removeprefix("studies_") for name in _CERTIFIED)
        + " | left out |",
        "|---" + "|--:" * (len(_CERTIFIED) + 1) + "|",
    ]
    for partition, counts in sorted(result.passed.items()):
        expected, lost = counts["studies_expected"], left_out.get(partition, 0)
        whole = 0 if partition in reasons else max(counts["studies_landed"] - lost, 0)
        if whole < expected:
            missing[partition.key] = expected - whole
        if whole < threshold * expected:
            below.append(partition.key)
        certified = " | ".join(str(counts[name]) for name in _CERTIFIED)
        lines.append(f"| {partition.key.replace('|', ' ')} | {certified} | {lost} |")
    is_bad = bool(below or reasons)
    return dg.AssetCheckResult(
        asset_key="raw_dicomweb",
        check_name="completeness",
        passed=not missing and not short and not reasons,
        severity=dg.AssetCheckSeverity.ERROR if is_bad else dg.AssetCheckSeverity.WARN,
        description=_count(sum(missing.values()), "study missing", "studies missing"),
        metadata={
            "partitions": dg.MetadataValue.md("\n".join(lines)),
            "partitions_below_threshold": len(below),
            "incomplete": short,
            "refused": {partition.key: reason for partition, reason in sorted(reasons.items())},
        },
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _specs() -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            "raw_dicomweb",
            description="The WADO-RS metadata of every study of a day, exactly as the PACS "
            "returned it and without bulk data: one file per study, and a manifest. Restricted.",
            group_name="ingest",
            kinds={"dicom", "json"},
            owners=["team:data-engineering"],
        ),
        dg.AssetSpec(
            "series",
            deps=["raw_dicomweb"],
            description="One row per series, one column per DICOM keyword. Restricted.",
            group_name="ingest",
            kinds={"parquet"},
            owners=["team:data-engineering"],
            metadata={
                "dagster/column_schema": column_schema(series_schema(_MODALITY.series_columns))
            },
        ),
        dg.AssetSpec(
            "series_facts",
            deps=["series"],
            description="One de-identified row per series: keys, terms, numbers and the study day. "
            "Only columns that the policy names are included.",
            group_name="ingest",
            kinds={"parquet"},
            owners=["team:data-engineering"],
            metadata={
                "dagster/column_schema": column_schema(facts_schema(_MODALITY.facts_columns))
            },
        ),
    ]


def _check_specs() -> list[dg.AssetCheckSpec]:
    specs = [
        dg.AssetCheckSpec(
            "completeness",
            asset="raw_dicomweb",
            description="Every listed study is complete in the facts. A missing one is a warning, "
            "and an error if the share of complete ones is below completeness_threshold.",
        )
    ]
    for asset in ("series", "series_facts"):
        specs.append(
            dg.AssetCheckSpec(
                "gate",
                asset=asset,
                description="Schema, keys and partition are correct, and no value identifies a "
                "person. A partition that fails keeps its last good data.",
            )
        )
        specs.append(
            dg.AssetCheckSpec(
                "coverage_and_plausibility",
                asset=asset,
                description="Attributes are present and plausible as often as the suite expects.",
            )
        )
    return specs

"""``protocol_labels`` and ``reference_data``: names, vocabularies and decisions as tables."""

from collections import Counter

import dagster as dg

from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.resources import DeploymentResource
from protocol_assets.deidentify.labels import labels_table
from protocol_assets.deidentify.policy import terms_table
from protocol_assets.deidentify.vocabulary import vocabulary_version
from protocol_assets.governance.findings import findings_table, read_findings
from protocol_assets.governance.labels import judged_labels
from protocol_assets.governance.scanner_rules import read_scanner_rules, scanner_rules_table
from protocol_assets.governance.scanners import read_scanner_names, scanner_names_table
from protocol_assets.governance.targets import read_targets, targets_table
from protocol_assets.lake.parquet import write_part

__all__ = ["protocol_labels", "reference_data"]


@dg.asset(
    deps=["series_facts"],
    group_name="reference",
    kinds={"parquet"},
    owners=["team:data-engineering"],
)
@redact_errors
def protocol_labels(deployment: DeploymentResource) -> dg.MaterializeResult[None]:
    """Readable protocol names by keyed code. Names that do not pass the gates are withheld."""
    lake = deployment.deployment.lake
    judged = judged_labels(lake)
    versions = {"vocabulary_version": vocabulary_version()}
    write_part(lake, lake.labels, labels_table(judged), versions=versions)
    reasons = Counter(one.reason for one in judged)
    released = sum(one.is_released for one in judged)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(judged),
            "released": released,
            "withheld": len(judged) - released,
            "waiting_for_governance": sum(one.is_pending for one in judged),
            **{f"by_gate/{reason}": count for reason, count in sorted(reasons.items())},
        }
    )


@dg.asset(group_name="reference", kinds={"parquet"}, owners=["team:data-engineering"])
@redact_errors
def reference_data(deployment: DeploymentResource) -> dg.MaterializeResult[None]:
    """The vocabularies and the checked governance files: scanners, targets and findings."""
    lake = deployment.deployment.lake
    tables = {
        "terms": terms_table(),
        "scanner_names": scanner_names_table(read_scanner_names(lake)),
        "scanner_rules": scanner_rules_table(read_scanner_rules(lake)),
        "targets": targets_table(read_targets(lake)),
        "findings": findings_table(read_findings(lake)),
    }
    for name, table in tables.items():
        write_part(lake, lake.reference(name), table, versions={})
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(table.num_rows for table in tables.values()),
            "named_scanners": tables["scanner_names"].num_rows,
            "scanner_rules": tables["scanner_rules"].num_rows,
            "targets": tables["targets"].num_rows,
            "registered_findings": tables["findings"].num_rows,
        }
    )

"""``protocol_labels`` and ``reference_data``: what people call things, next to the facts."""

import dagster as dg

from protocol_assets.defs.failures import tells_plainly
from protocol_assets.deidentify.labels import release_labels
from protocol_assets.deidentify.policy import terms_table
from protocol_assets.lake.parquet import read_part, write_part
from protocol_assets.lake.zones import Lake
from protocol_assets.settings import Settings
from protocol_assets.steward.scanners import read_scanner_names, scanner_names_table

__all__ = ["protocol_labels", "reference_data"]


@dg.asset(
    deps=["series_facts"],
    group_name="reference",
    kinds={"parquet"},
    owners=["team:data-engineering"],
)
@tells_plainly
def protocol_labels(
    lake: dg.ResourceParam[Lake], settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult[None]:
    """Readable protocol names by keyed code, where they may be read."""
    registry = (lake.restricted / "labels").glob("*/*/part.parquet")
    labels = release_labels([read_part(path) for path in sorted(registry)], demo=settings.is_demo)
    write_part(lake.labels, labels, versions={})
    released = labels["state"].to_pylist().count("released")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": labels.num_rows,
            "released": released,
            "withheld": labels.num_rows - released,
        }
    )


@dg.asset(group_name="reference", kinds={"parquet"}, owners=["team:data-engineering"])
@tells_plainly
def reference_data(lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult[None]:
    """The vocabularies and the steward's scanner names, checked."""
    names = scanner_names_table(read_scanner_names(lake))
    write_part(lake.reference("terms"), terms_table(), versions={})
    write_part(lake.reference("scanner_names"), names, versions={})
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": names.num_rows + terms_table().num_rows,
            "named_scanners": names.num_rows,
        }
    )

"""``analysis``: statistics that SQL cannot compute, between the two runs of dbt."""

from datetime import date

import dagster as dg
import pandas as pd

from protocol_assets.analysis.tables import analysis_tables, analysis_version
from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.resources import ReportTurnResource
from protocol_assets.faults import Fault
from protocol_assets.lake.analysis import read_measured, read_reference, write_analysis
from protocol_assets.modalities.registry import modality_of

__all__ = ["AnalysisConfig", "analysis"]


class AnalysisConfig(dg.Config):
    """The day of the analysis.

    Attributes:
        as_of: Last study day to use, such as 2026-03-31; the latest by default.
    """

    as_of: str | None = None


@dg.asset(
    deps=["fct_acquisition", "fct_exam", "reference_data"],
    group_name="analysis",
    kinds={"pandas", "parquet"},
    owners=["team:data-engineering"],
)
@redact_errors
def analysis(config: AnalysisConfig, report_turn: ReportTurnResource) -> dg.MaterializeResult[None]:
    """Time model, potential, changes, verification and compliance of each scanner protocol."""
    lake, as_of = report_turn.deployment.lake, _day(config.as_of)
    targets, register = (read_reference(lake, name) for name in ("targets", "findings"))
    spec = modality_of("series").analysis
    tables = analysis_tables(spec, *read_measured(lake), targets, register, as_of)
    write_analysis(lake, tables, analysis_version(spec))
    days = tables["as_of"]["as_of"].to_pylist()
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(table.num_rows for table in tables.values()),
            "as_of": days[0].isoformat() if days else "no acquisitions",
            **{f"rows/{name}": table.num_rows for name, table in tables.items()},
        }
    )


def _day(text: str | None) -> pd.Timestamp | None:
    if text is None:
        return None
    try:
        return pd.Timestamp(date.fromisoformat(text))
    except ValueError:
        pass
    raise Fault("as_of must be a day such as 2026-03-31")

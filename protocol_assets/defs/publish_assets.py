"""``published_marts`` and ``chief_report``: what leaves the safe zone."""

import dagster as dg

from protocol_assets.defs.failures import tells_plainly
from protocol_assets.defs.metadata import row_preview
from protocol_assets.lake.atomic import write_bytes
from protocol_assets.lake.publishing import publish_marts, published_rows
from protocol_assets.lake.zones import OPEN_FILE, Lake
from protocol_assets.reports.figures import published_figures
from protocol_assets.reports.page import render_page
from protocol_assets.reports.pdf import render_pdf
from protocol_assets.settings import Settings

__all__ = ["PUBLISHED_MODELS", "chief_report", "published_marts"]

PUBLISHED_MODELS = ("completeness_daily", "exam_monthly", "fleet_daily", "nex_monthly")


@dg.asset(
    deps=PUBLISHED_MODELS,
    group_name="publish",
    kinds={"parquet"},
    owners=["team:data-engineering"],
)
@tells_plainly
def published_marts(lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult[None]:
    """The aggregates that may leave, as Parquet; readers follow the link ``publish/marts``."""
    rows = publish_marts(lake)
    previews = {name: row_preview(published_rows(lake, name)) for name in rows}
    return dg.MaterializeResult(metadata={"dagster/row_count": sum(rows.values()), **previews})


@dg.asset(
    deps=[published_marts],
    group_name="publish",
    kinds={"html", "pdf"},
    owners=["team:radiology"],
)
@tells_plainly
def chief_report(
    lake: dg.ResourceParam[Lake], settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult[None]:
    """The page and the PDF for radiology chiefs, of the latest day with all cells landed."""
    shown = published_figures(lake, [one.name for one in settings.pacs])
    directory = lake.report(shown.day) if shown.day else lake.publish / "reports" / "none"
    page, pdf = directory / "report.html", directory / "report.pdf"
    write_bytes(page, render_page(shown, is_demo=settings.is_demo).encode(), mode=OPEN_FILE)
    write_bytes(pdf, render_pdf(shown, is_demo=settings.is_demo), mode=OPEN_FILE)
    return dg.MaterializeResult(
        metadata={
            "day": shown.day.isoformat() if shown.day else "none",
            "page": dg.MetadataValue.path(page),
            "pdf": dg.MetadataValue.path(pdf),
        }
    )

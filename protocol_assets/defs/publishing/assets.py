"""``published_marts`` and ``chief_report``: the data that leave the safe zone."""

import datetime as dt
from collections.abc import Iterator
from typing import TypedDict

import dagster as dg

from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.metadata import published_pictures, row_preview
from protocol_assets.defs.resources import ReportTurnResource
from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.figures.published import published_figures
from protocol_assets.lake.reading import (
    FEW_PATIENTS,
    quarters,
    share_below_k,
    write_reading_copy,
)
from protocol_assets.publishing.versions import publish_marts, published_rows
from protocol_assets.reports.page import render_page, render_scanner_pages
from protocol_assets.reports.pdf import render_pdf

__all__ = ["PUBLISHED_MODELS", "chief_report", "published_marts"]

PUBLISHED_MODELS = (
    "completeness_daily",
    "exam_monthly",
    "fleet_daily",
    "nex_monthly",
    "published_findings",
    "published_opportunities",
    "published_potential_monthly",
    "published_verification",
    "published_exam_shifts",
)


@dg.asset(
    deps=PUBLISHED_MODELS,
    group_name="publish",
    kinds={"parquet"},
    owners=["team:data-engineering"],
    check_specs=[
        dg.AssetCheckSpec(
            "smallest_cell",
            asset="published_marts",
            description=f"Every published row is about at least {K_PATIENTS} patients.",
        )
    ],
)
@redact_errors
def published_marts(
    report_turn: ReportTurnResource,
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """The aggregates that may be published, as Parquet files behind the link ``publish/marts``.

    It also writes a read-only copy of the marts for BI tools, which stays in the safe zone.
    """
    deployment = report_turn.deployment
    lake = deployment.lake
    done = publish_marts(lake, deployment.grid(dt.datetime.now(dt.UTC)))
    write_reading_copy(lake)
    shown = published_figures(lake, deployment.pacs_names)
    previews = {name: row_preview(published_rows(lake, name)) for name in done.rows}
    least, alike = done.least_patients, share_below_k(lake)
    read = quarters(lake, published_rows(lake, "nex_monthly"))
    yield dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(done.rows.values()),
            "periods_withheld": done.withheld,
            "periods_kept_as_published": done.kept,
            f"facts_share_with_fewer_than_{FEW_PATIENTS}_patients": _rounded(alike),
            "scanner_protocol_quarters_published": _rounded(read.anyhow),
            "scanner_protocol_quarters_by_name": _rounded(read.by_name),
            **published_pictures(shown),
            **previews,
        }
    )
    yield dg.AssetCheckResult(
        check_name="smallest_cell",
        passed=least is None or least >= K_PATIENTS,
        metadata={"patients": least if least is not None else "Nothing is published."},
    )


def _rounded(share: float | None) -> float | str:
    return "not known" if share is None else round(share, 3)


class _Way(TypedDict):
    """How the report is rendered."""

    language: str
    is_demo: bool


@dg.asset(
    deps=[published_marts],
    group_name="publish",
    kinds={"html", "pdf"},
    owners=["team:radiology"],
)
@redact_errors
def chief_report(
    report_turn: ReportTurnResource,
) -> dg.MaterializeResult[None]:
    """The report for radiology chiefs: a page, a PDF, and a page per scanner.

    It shows the latest day for which all partitions have landed.
    """
    deployment = report_turn.deployment
    lake = deployment.lake
    shown = published_figures(lake, deployment.pacs_names)
    way = _Way(language=deployment.settings.language, is_demo=deployment.is_demo)
    objects, prefix = lake.storage.objects, lake.report(shown.day)
    page, pdf = f"{prefix}/report.html", f"{prefix}/report.pdf"
    pages = render_scanner_pages(shown, **way)
    current = {f"{prefix}/scanners/{name}": text for name, text in pages.items()}
    for key, text in current.items():
        objects.write(key, text.encode())
    for key in objects.list_keys(f"{prefix}/scanners/*.html"):
        if key not in current:
            objects.delete(key)
    objects.write(page, render_page(shown, **way).encode())
    objects.write(pdf, render_pdf(shown, **way))
    minutes = shown.potential.minutes
    return dg.MaterializeResult(
        metadata={
            "day": shown.day.isoformat() if shown.day else "none",
            "page": dg.MetadataValue.path(lake.local_path(page)),
            "pdf": dg.MetadataValue.path(lake.local_path(pdf)),
            "scanners": len(pages),
            "opportunities": len(shown.potential.live),
            "minutes_per_month": "not known" if minutes is None else round(minutes.value),
            **published_pictures(shown),
        }
    )

"""Metadata that Dagster shows with an asset: schemas, previews, and charts of published data."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

import dagster as dg
import pyarrow as pa

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.figures.published import Figures, Landing
from protocol_assets.ingest.overview import markdown_table
from protocol_assets.reports.pdf import render_chart
from protocol_assets.reports.texts import Texts
from protocol_assets.reports.trend import setting_chart

__all__ = ["column_schema", "partition_metadata", "published_pictures", "row_preview"]

_PREVIEWED: Final = 5
_LANGUAGE: Final = "en"
"""The language of Dagster's UI."""
_PIXELS_PER_INCH: Final = 120
"""With this resolution the chart is as wide as its window in the UI."""


def partition_metadata(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of a partition as Dagster shows them, with the overview as a table."""
    shown = dict(counts)
    if "series" in shown:
        shown["dagster/row_count"] = shown["series"]
    for name in ("overview", "odd_objects"):
        if name in shown:
            shown[name] = dg.MetadataValue.md(shown[name])
    return shown


def row_preview(rows: Sequence[Mapping[str, object]]) -> dg.MarkdownMetadataValue:
    """Return the first rows of a published table."""
    if not rows:
        return dg.MetadataValue.md("no rows")
    shown = [
        [
            "" if value is None else f"{value:.4g}" if isinstance(value, float) else value
            for value in row.values()
        ]
        for row in rows[:_PREVIEWED]
    ]
    return dg.MetadataValue.md(markdown_table(list(rows[0]), shown))


def published_pictures(figures: Figures) -> dict[str, dg.MarkdownMetadataValue]:
    """Return the published NEX per day as a chart, and the landed days as a table."""
    return {"nex_trend": _nex_picture(figures), "completeness": _completeness_table(figures)}


def _nex_picture(figures: Figures) -> dg.MarkdownMetadataValue:
    texts = Texts(_LANGUAGE)
    chart = setting_chart(figures.trend, texts, patients=K_PATIENTS)
    if chart is None:
        return dg.MetadataValue.md("Fewer than two days have a mean NEX.")
    # Dagster's UI shows pictures only in Markdown, and only as inline data.
    picture = render_chart(chart, language=_LANGUAGE, ppi=_PIXELS_PER_INCH)
    source = f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"
    return dg.MetadataValue.md(f"![{chart.alt}]({source})")


def _completeness_table(figures: Figures) -> dg.MarkdownMetadataValue:
    if not figures.completeness:
        return dg.MetadataValue.md("no day has landed")
    rows = [
        [one.day, *(_landing(one.landed.get(name)) for name in figures.pacs)]
        for one in figures.completeness
    ]
    return dg.MetadataValue.md(markdown_table(["day", *figures.pacs], rows))


def _landing(landing: Landing | None) -> str:
    if landing is None:
        return "not landed"
    if landing.share is None:
        return "no studies" if landing.is_complete else "incomplete"
    return f"{100 * landing.share:.4g} %" + ("" if landing.is_complete else ", incomplete")


def column_schema(schema: pa.Schema) -> dg.TableSchema:
    """Return Dagster's column schema for an Arrow schema, with descriptions and units."""
    return dg.TableSchema(columns=[_column(field) for field in schema])


def _column(field: pa.Field) -> dg.TableColumn:
    metadata = {name.decode(): text.decode() for name, text in (field.metadata or {}).items()}
    unit = f" [{metadata['unit']}]" if "unit" in metadata else ""
    return dg.TableColumn(field.name, str(field.type), metadata.get("description", "") + unit)

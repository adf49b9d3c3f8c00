"""Dagster metadata made from the specifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dagster as dg
import pyarrow as pa

from protocol_assets.cells.overview import markdown_table

__all__ = ["cell_metadata", "column_schema", "row_preview"]

_PREVIEWED: Final = 5


def cell_metadata(counts: Mapping[str, Any]) -> dict[str, Any]:
    """A cell's counts as Dagster shows them: row count, overview as a table."""
    shown = dict(counts)
    if "series" in shown:
        shown["dagster/row_count"] = shown["series"]
    if "overview" in shown:
        shown["overview"] = dg.MetadataValue.md(shown["overview"])
    return shown


def row_preview(rows: Sequence[Mapping[str, object]]) -> dg.MarkdownMetadataValue:
    """The first rows of a published table."""
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


def column_schema(schema: pa.Schema) -> dg.TableSchema:
    """Dagster's column schema of an Arrow schema, with descriptions and units."""
    return dg.TableSchema(columns=[_column(field) for field in schema])


def _column(field: pa.Field) -> dg.TableColumn:
    metadata = {name.decode(): text.decode() for name, text in (field.metadata or {}).items()}
    unit = f" [{metadata['unit']}]" if "unit" in metadata else ""
    return dg.TableColumn(field.name, str(field.type), metadata.get("description", "") + unit)

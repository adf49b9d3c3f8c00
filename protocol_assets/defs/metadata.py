"""Dagster metadata made from the specifications."""

from __future__ import annotations

import dagster as dg
import pyarrow as pa

__all__ = ["column_schema"]


def column_schema(schema: pa.Schema) -> dg.TableSchema:
    """Dagster's column schema of an Arrow schema, with descriptions and units."""
    return dg.TableSchema(columns=[_column(field) for field in schema])


def _column(field: pa.Field) -> dg.TableColumn:
    metadata = {name.decode(): text.decode() for name, text in (field.metadata or {}).items()}
    unit = f" [{metadata['unit']}]" if "unit" in metadata else ""
    return dg.TableColumn(field.name, str(field.type), metadata.get("description", "") + unit)

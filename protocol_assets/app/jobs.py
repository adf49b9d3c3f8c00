"""The names of the jobs."""

from __future__ import annotations

from typing import Final

__all__ = ["INGEST_JOB", "PURGE_JOB", "REPORT_JOB"]

INGEST_JOB: Final = "land_and_deidentify"
REPORT_JOB: Final = "build_warehouse_and_report"
PURGE_JOB: Final = "purge_expired"

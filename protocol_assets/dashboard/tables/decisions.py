"""Findings that wait for a decision, and the commands that record one."""

from __future__ import annotations

import re
from typing import Final, Literal

import pandas as pd

from protocol_assets.dashboard.tables.fleet import records
from protocol_assets.figures.findings import waiting
from protocol_assets.reports.readings import reading_text
from protocol_assets.reports.texts import Texts

__all__ = ["commands", "waiting_rows", "with_readings"]

_KEY: Final = re.compile(r"[0-9a-zA-Z_-]+")
_BESIDE: Final = ("snr_change_percent", "snr_caveat", "confidence", "coverage")


def waiting_rows(findings: pd.DataFrame, opportunities: pd.DataFrame) -> pd.DataFrame:
    """Findings that wait for a decision, the most minutes first.

    Args:
        findings: ``published_findings``.
        opportunities: ``published_opportunities``, for what the minutes cost in signal.

    Returns:
        The findings, for opportunities with ``snr_change_percent``, ``snr_caveat``,
        ``confidence`` and ``coverage``.
    """
    places = [row["place"] for row in waiting(records(findings.assign(place=range(len(findings)))))]
    rows = findings.iloc[places]
    named = ["scanner", "protocol_key"]
    beside = opportunities[[*named, *_BESIDE]].drop_duplicates(named, keep=False)
    rows = rows.merge(beside, on=named, how="left")
    is_opportunity = rows["kind"] == "opportunity"
    for column in _BESIDE:
        rows[column] = rows[column].where(is_opportunity)
    return rows.reset_index(drop=True)


def with_readings(findings: pd.DataFrame, texts: Texts) -> pd.DataFrame:
    """Findings whose ``expected`` and ``observed`` are texts, of the number or of the term."""
    sides: tuple[Literal["expected", "observed"], ...] = ("expected", "observed")
    rows = records(findings)
    read = {
        side: [
            None
            if row[side] is None and row[f"{side}_term"] is None
            else reading_text(row, side, texts)
            for row in rows
        ]
        for side in sides
    }
    result = findings.copy()
    for side in sides:
        result[side] = pd.Series(read[side], index=findings.index, dtype="str")
    return result


def commands(key: str) -> dict[str, str]:
    """The commands that record a decision: ``accept`` and ``waive``.

    Words in capitals are to be replaced.

    Args:
        key: A finding's key.

    Raises:
        ValueError: It is not a key, and a shell could read it as something else.
    """
    if not _KEY.fullmatch(key):
        raise ValueError("a finding's key has letters, digits, '-' and '_' only")
    verb = "protocol-assets findings"
    return {
        "accept": f'{verb} accept {key} --owner "NAME"',
        "waive": f'{verb} waive {key} --until YYYY-MM-DD --owner "NAME" --reason "WHY"',
    }

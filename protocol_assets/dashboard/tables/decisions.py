"""What waits for a decision, and the commands that record one; nothing is recorded here."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from protocol_assets.dashboard.tables.fleet import records
from protocol_assets.figures.findings import waiting

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


def with_readings(findings: pd.DataFrame) -> pd.DataFrame:
    """Findings whose ``expected`` and ``observed`` are texts, of the number or of the term."""
    texts = {
        name: findings[name]
        .map("{:.4g}".format, na_action="ignore")
        .astype("str")
        .fillna(findings[f"{name}_term"])
        for name in ("expected", "observed")
    }
    return findings.assign(**texts)


def commands(key: str) -> dict[str, str]:
    """The commands that record a decision, by what they do; words in capitals are to be filled in.

    Args:
        key: A finding's key.

    Raises:
        ValueError: It is no key, and might be something else to a shell.
    """
    if not _KEY.fullmatch(key):
        raise ValueError("a finding's key holds letters, digits, '-' and '_' only")
    verb = "protocol-assets findings"
    return {
        "To change it (freezes volume and promised minutes)": f'{verb} accept {key} --owner "NAME"',
        "To leave it as it is until a day": (
            f'{verb} waive {key} --until YYYY-MM-DD --owner "NAME" --reason "WHY"'
        ),
    }

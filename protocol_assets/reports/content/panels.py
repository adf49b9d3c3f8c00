"""The scanners side by side, and the way to the page of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.figures.published import Figures
from protocol_assets.figures.scanners import ScannerFigures
from protocol_assets.reports.content.blocks import Link, Panel, Section
from protocol_assets.reports.content.names import about_scanner, unbroken
from protocol_assets.reports.multiples import Scales, common_scales, setting_dots, time_line
from protocol_assets.reports.texts import Texts

__all__ = ["MOST_SCANNERS", "multiples", "shown_scanners"]

MOST_SCANNERS: Final = 60
"""Beyond so many only those are shown one by one that have something to say."""


def shown_scanners(scanners: Sequence[ScannerFigures]) -> list[ScannerFigures]:
    """The scanners that are shown one by one, those with the most minutes first."""
    if len(scanners) <= MOST_SCANNERS:
        return list(scanners)
    return [one for one in scanners if one.is_remarkable]


def multiples(figures: Figures, texts: Texts) -> Section:
    """A panel per scanner, all on the same scales."""
    key, heading = "scanners", texts("scanners")
    if not figures.scanners:
        return Section(key, heading, message=texts("scanners.none", patients=K_PATIENTS))
    # As many panels as a screen bears; the pages are more.
    shown = [one for one in shown_scanners(figures.scanners) if _has_panel(one)][:MOST_SCANNERS]
    scales = common_scales(shown)
    lead = [texts("scanners.lead", month=texts.month(figures.month))] if figures.month else []
    if len(shown) < len(figures.scanners):
        count = texts.number(len(shown), 0), texts.number(len(figures.scanners), 0)
        lead.append(texts("scanners.some", shown=count[0], all=count[1]))
    return Section(
        key,
        heading,
        lead=" ".join(lead) or None,
        panels=[_panel(one, scales, texts) for one in shown],
        panels_titles=(texts("panel.setting"), texts("panel.time")),
        links=[Link(one.label, one.slug) for one in sorted(figures.scanners, key=_name)],
        links_title=texts("scanners.pages", count=texts.number(len(figures.scanners), 0)),
    )


def _has_panel(scanner: ScannerFigures) -> bool:
    return bool(scanner.protocols) or any(row for _, row in scanner.months)


def _name(scanner: ScannerFigures) -> tuple[str, str]:
    return scanner.label.casefold(), scanner.label


def _panel(scanner: ScannerFigures, scales: Scales, texts: Texts) -> Panel:
    together = scanner.together
    mean = None if together is None else together.mean
    coverage = None if together is None else together.coverage
    return Panel(
        name=unbroken(scanner.label),
        about=about_scanner(scanner, texts),
        link=scanner.slug,
        setting=setting_dots(scanner.protocols, scales, texts, name=scanner.label),
        setting_note=texts(
            "panel.setting.note", mean=texts.number(mean), coverage=texts.percent(coverage)
        ),
        time=time_line(scanner.months, scales, texts, name=scanner.label),
        time_note=_time_note(scanner, texts),
    )


def _time_note(scanner: ScannerFigures, texts: Texts) -> str:
    row = scanner.months[-1][1] if scanner.months else None
    seconds = row["scan_time_sum_median_s"] if row else None
    return texts(
        "panel.time.note",
        minutes=texts.number(None if seconds is None else seconds / 60, 1),
        coverage=texts.percent(row["scan_time_sum_coverage"] if row else None),
    )

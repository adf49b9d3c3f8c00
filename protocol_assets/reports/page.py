"""The report as one self-contained HTML page: no script, no request to anywhere."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from protocol_assets.reports.content import content
from protocol_assets.reports.figures import Figures
from protocol_assets.reports.texts import Texts

__all__ = ["render_page"]


def render_page(figures: Figures, *, is_demo: bool) -> str:
    """The page of one day.

    Args:
        figures: What it shows.
        is_demo: Whether the page says that its data are simulated.
    """
    report = content(figures, Texts(), is_demo=is_demo)
    return _environment().get_template("report.html").render(report=report)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("protocol_assets.reports"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

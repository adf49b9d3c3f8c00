"""The report and its scanners as self-contained HTML: no script, no request to anywhere."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from protocol_assets.figures.published import Figures
from protocol_assets.reports.content.blocks import Content
from protocol_assets.reports.content.report import content, scanner_content
from protocol_assets.reports.texts import Texts

__all__ = ["render_page", "render_scanner_pages", "templates"]


def render_page(figures: Figures, *, language: str, is_demo: bool) -> str:
    """The page of one day. Beside it it expects ``scanners/`` with ``render_scanner_pages``.

    Args:
        figures: What it shows.
        language: BCP 47 tag of a ``data/texts_<language>.csv``.
        is_demo: Whether the page says that its data are simulated.
    """
    texts = Texts(language)
    return _rendered(content(figures, texts, is_demo=is_demo), texts, prefix="scanners/")


def render_scanner_pages(figures: Figures, *, language: str, is_demo: bool) -> dict[str, str]:
    """The pages of the scanners by file name, ``<slug>.html``.

    Args:
        figures: What the report shows.
        language: As of the report.
        is_demo: As of the report.
    """
    texts = Texts(language)
    return {
        f"{one.slug}.html": _rendered(
            scanner_content(one, figures, texts, is_demo=is_demo), texts, prefix=None
        )
        for one in figures.scanners
    }


def _rendered(report: Content, texts: Texts, *, prefix: str | None) -> str:
    template = templates().get_template("report.html")
    return template.render(report=report, prefix=prefix, nav=texts("nav"))


@cache
def templates() -> Environment:
    """The templates beside this module."""
    return Environment(
        loader=PackageLoader("protocol_assets.reports"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

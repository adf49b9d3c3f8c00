"""What a PACS can do: measured by the probe, or taken from a product's documentation.

Ingestion follows it. A measured profile has precedence over the product's, and the configuration
has precedence over both.
"""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, Self

from protocol_assets.data import read_table

__all__ = ["SiteProfile", "product_profiles"]

Retrieval = Literal["study", "series"]
_FILE: Final = "pacs_profiles.csv"
_YES_NO: Final = {"yes": True, "no": False, "": None}


@dataclass(frozen=True)
class SiteProfile:
    """A server's abilities; None if they are not known.

    Attributes:
        product: Key of the product, ``unknown`` where none is named.
        page_size: Most rows of one page of QIDO-RS.
        retrieval: Whether the metadata of a whole study is given in one answer, or by series alone.
        series_level_above: Instances above which a study is asked for series by series.
        offset: Whether ``offset`` is honoured.
        time_filter: Whether StudyTime narrows a listing.
        counts: Whether series and instances of a study are counted.
        availability: Whether InstanceAvailability is reported.
        etag: Whether metadata come with a strong ETag that is honoured.
        gzip: Whether answers are compressed.
        private_elements: Whether private elements come with their values.
        elements: Most elements of an instance; few of them mean reduced metadata.
        evidence: ``measured``, ``tested``, or ``from documentation, untested``.
        source: Where it comes from.
    """

    product: str = "unknown"
    page_size: int | None = None
    retrieval: Retrieval = "study"
    series_level_above: int = 500
    offset: bool | None = None
    time_filter: bool | None = None
    counts: bool | None = None
    availability: bool | None = None
    etag: bool | None = None
    gzip: bool | None = None
    private_elements: bool | None = None
    elements: int | None = None
    evidence: str = ""
    source: str = ""

    @classmethod
    def from_json(cls, content: Any) -> Self:
        """The profile that ``to_json`` gave.

        Raises:
            ValueError: It is none.
        """
        names = {one.name for one in fields(cls)}
        if not isinstance(content, dict) or not content.keys() <= names:
            raise ValueError("no site profile; run protocol-assets probe again")
        found = cls(**content)
        if found.retrieval not in ("study", "series") or not isinstance(
            found.page_size, int | None
        ):
            raise ValueError("no site profile; run protocol-assets probe again")
        return found

    def to_json(self) -> dict[str, Any]:
        """For a machine."""
        return asdict(self)


@functools.cache
def product_profiles() -> dict[str, SiteProfile]:
    """The products' profiles by key, from ``data/pacs_profiles.csv``."""
    return {row["product"]: _read(row) for row in read_table(_FILE)}


def _read(row: dict[str, str]) -> SiteProfile:
    return SiteProfile(
        product=row["product"],
        page_size=int(row["page_size"]) if row["page_size"] else None,
        retrieval="series" if row["retrieval"] == "series" else "study",
        series_level_above=int(row["series_level_above"] or 500),
        offset=_YES_NO[row["offset"]],
        time_filter=_YES_NO[row["time_filter"]],
        counts=_YES_NO[row["counts"]],
        availability=_YES_NO[row["availability"]],
        etag=_YES_NO[row["etag"]],
        gzip=_YES_NO[row["gzip"]],
        private_elements=_YES_NO[row["private_elements"]],
        evidence=row["evidence"],
        source=row["source"],
    )

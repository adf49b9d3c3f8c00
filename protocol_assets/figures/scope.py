"""Which scanners a report is about: those of some sites, or of some groups."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

__all__ = ["Scope"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The scanners that a reader is shown; all of them where nothing is named.

    Attributes:
        sites: Names of sites; empty for all.
        scanners: Names of scanners, or patterns of ``fnmatch`` for a group; empty for all.
    """

    sites: tuple[str, ...] = ()
    scanners: tuple[str, ...] = ()

    def includes(self, scanner_label: str | None, site: str | None) -> bool:
        """Whether a scanner belongs to the report.

        What has no name or no site belongs only where none is asked for.
        """
        return (not self.sites or site in self.sites) and (
            not self.scanners
            or (
                scanner_label is not None
                and any(fnmatchcase(scanner_label, one) for one in self.scanners)
            )
        )

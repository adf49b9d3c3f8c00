"""What one PACS of the fleet holds on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from protocol_assets_simulator.fleet import Fleet
from protocol_assets_simulator.scan import Study


@dataclass(frozen=True, slots=True)
class Archive:
    """The studies of a site (None: of all) that have arrived by a day (None: all of them)."""

    fleet: Fleet
    site: str | None = None
    as_of: date | None = None

    def studies(self, first: date, last: date) -> tuple[Study, ...]:
        """The studies from `first` to `last`, in order of their start."""
        return self.fleet.studies(self.site, first, last, self.as_of)

    def study(self, study_uid: str) -> Study | None:
        """The study with this UID; None if it is not held."""
        study = self.fleet.study(study_uid)
        return study if study is not None and study.is_held(self.site, self.as_of) else None

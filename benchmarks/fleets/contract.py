"""The form in which a generated fleet gives its studies and its truth.

The platform sees the studies alone, over DICOMweb. The truth is joined to its answers afterwards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

__all__ = ["Fleet", "FleetStudy", "FleetTruth", "Target"]


@dataclass(frozen=True, slots=True)
class FleetStudy:
    """A study as its archive holds it.

    Attributes:
        study_uid: StudyInstanceUID.
        study_date: The day under which the archive lists it.
        instances: Its objects in the DICOM JSON model (PS3.18 annex F), without pixel data.
    """

    study_uid: str
    study_date: dt.date
    instances: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Target:
    """Averages that a site has signed for a protocol of its scanners of one model.

    Attributes:
        manufacturer: As the headers write it.
        model: ManufacturerModelName.
        field_strength_t: Field strength (T).
        anatomy: Region, as ``lumbar spine``.
        role: Plane and weighting, as ``sag T2``.
        contrast_phase: ``pre``, ``post`` or ``none``.
        averaging: NEX times (1 + phase oversampling) that is right there.
    """

    manufacturer: str
    model: str
    field_strength_t: float
    anatomy: str
    role: str
    contrast_phase: str
    averaging: float


@dataclass(frozen=True, slots=True)
class FleetTruth:
    """What really happened, as tables; days are ``datetime64``.

    Attributes:
        protocols: One row per protocol of a scanner: ``station`` (one physical place; it stays
            when the device there is replaced), ``protocol`` (unique within the station),
            ``vendor``, ``model``, ``field_strength_t``, ``device_serial`` (at the start),
            ``anatomy``, ``role``, ``contrast_phase``, ``three_d``, ``kind``, ``acquisitions``
            (counted ones before ``changed_on``, else in the first half of the period), ``nex``,
            ``averaging``, ``acceleration``, ``partial_fourier`` at the start, ``nex_after``,
            ``averaging_after`` (NaN where unchanged), ``changed_on``, ``relapsed_on`` (NaT where
            not), ``course``.
        series: One row per series: ``series_uid``, ``study_uid``, ``study_date``, ``station``,
            ``protocol``, ``is_counted`` (the one series that stands for an acquisition: no
            localizer, nothing derived, no second series of a scan, no copy), ``is_override`` (the
            technologist chose other averages for this exam), ``is_rescan``, ``role``,
            ``contrast_phase``, ``nex`` (as at the console), ``averaging``, ``acceleration``,
            ``partial_fourier``, ``effective_averages``, ``scan_time_s``, ``old_scan_time_s`` (what
            it would have taken at the settings of the first day), ``start_s`` (seconds of the
            local day). Numbers are NaN for reports and derived objects.
        exams: One row per study: ``study_uid``, ``study_date``, ``station``, ``span_s``,
            ``scan_time_sum_s``, ``has_extra`` (an extra or repeated sequence).
    """

    protocols: pd.DataFrame
    series: pd.DataFrame
    exams: pd.DataFrame


class Fleet(Protocol):
    """A fleet of scanners over some months; the same seed gives the same fleet."""

    start: dt.date
    end: dt.date
    timezone: str
    targets: Iterable[Target]
    names: dict[tuple[str, str], tuple[str, str]]
    """Manufacturer and DeviceSerialNumber, as the headers write them, to scanner and site name."""

    def studies(self, day: dt.date) -> list[FleetStudy]:
        """The studies of a day."""

    def truth(self) -> FleetTruth:
        """What really happened over the whole period."""

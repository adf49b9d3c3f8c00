"""The inversion case: of three scanners two average three times, and the third must not be told."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from benchmarks.poc_ingest import ingest
from benchmarks.poc_questions import findings
from benchmarks.poc_sources import SimulatedSource
from protocol_assets.analysis.drift import compliance
from protocol_assets.analysis.frame import SERIES
from protocol_assets.analysis.potential import potential
from protocol_assets.app.deployment import Deployment
from protocol_assets.lake.zones import Lake
from protocol_assets.modalities.mr.analysis.spec import AVERAGING
from protocol_assets_simulator import Fleet
from protocol_assets_simulator.catalogue import Protocol, Scanner, scanners
from protocol_assets_simulator.comparison import PLACE
from protocol_assets_simulator.device_protocols import Setting

__all__ = ["inversion"]

_GOOD = "MR3"


class _Inverted(Fleet):
    """Three scanners of one model; all but one average three times."""

    @cached_property
    def scanners(self) -> tuple[Scanner, ...]:
        model = next(one for one in scanners() if one.vendor == "siemens" and not one.has_old_coils)
        return tuple(
            replace(model, serial=f"{model.serial}{number}", station=f"MR{number}")
            for number in (1, 2, 3)
        )

    def setting(self, scanner: Scanner, protocol: Protocol, day: dt.date) -> Setting:
        usual = super().setting(scanner, protocol, day)
        if protocol.potential is None:
            return usual
        nex = 1.0 if scanner.station == _GOOD else 3.0
        return replace(usual, nex=nex, acceleration=1, phase_oversampling=0.0)


def inversion() -> pd.DataFrame:
    """What the platform says of each scanner's protocols after two months.

    Returns:
        One row per scanner: ``protocols`` judged, ``level`` (median), ``flagged`` by potential or
        by comparison, ``without_reference``.
    """
    fleet = _Inverted(1, 3, 240, dt.date(2026, 1, 1), dt.date(2026, 2, 28), "lumbar")
    source = SimulatedSource(fleet)
    with tempfile.TemporaryDirectory() as folder:
        settings, done = ingest(source, Path(folder))
        if done.problem:
            raise SystemExit(done.problem)
        known = findings(Lake(settings.home), source.truth(Deployment(settings).pseudonyms()))
    day = pd.Timestamp(fleet.end)
    judged = potential(known.frame, AVERAGING, known.targets, known.model, day)
    told = compliance(known.frame, AVERAGING, known.targets, day).findings
    above = told[told["kind"] == "above comparable"][SERIES].assign(is_above=True)
    judged = judged.merge(known.places[[*SERIES, *PLACE]], on=SERIES).merge(
        above, on=SERIES, how="left"
    )
    judged["flagged"] = judged["has_potential"].eq(True) | judged["is_above"].eq(True)
    judged = judged[judged["level"].notna()]
    return judged.groupby("station").agg(
        protocols=("level", "size"),
        level=("level", "median"),
        flagged=("flagged", "sum"),
        without_reference=("reference", lambda names: int((names == "none").sum())),
    )

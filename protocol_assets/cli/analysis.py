"""The commands ``what-if`` and ``sheet``: another setting, and a protocol beside its reference."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import click

from protocol_assets.app.deployment import Deployment
from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake
from protocol_assets.terminal import TextTable, say

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["sheet", "what_if"]

_DONE: Final = 0
_DAY: Final = click.DateTime(formats=["%Y-%m-%d"])
_SHOWN_KEY: Final = 8


@dataclass(frozen=True, slots=True)
class _Fleet:
    """The acquisitions of the trailing days, and the names of scanners and protocols.

    Attributes:
        frame: From ``prepared``, up to the day.
        as_of: The day.
        scanners: Label by device key.
        protocols: Label by protocol key.
    """

    frame: pd.DataFrame
    as_of: pd.Timestamp
    scanners: dict[str, str]
    protocols: dict[str, str]

    def devices(self, names: Sequence[str]) -> list[str]:
        """Return the keys of scanners, by label or by the start of a key; all if none is named."""
        known = set(self.frame["device_key"])
        if not names:
            return sorted(known)
        found = []
        for name in names:
            own = [key for key in known if self.scanners.get(key) == name or key.startswith(name)]
            if len(own) != 1:
                labels = ", ".join(sorted(self.scanners.get(key, key) for key in known))
                raise Fault(f"{name!r} does not match one scanner; the scanners are {labels}")
            found += own
        return found

    def protocol_keys(self, patterns: Sequence[str], devices: Sequence[str]) -> list[str]:
        """Return the protocols of those scanners whose key or label matches a pattern."""
        there = sorted(set(self.frame.loc[self.frame["device_key"].isin(devices), "protocol_key"]))
        found = [
            key
            for key in there
            if not patterns
            or any(
                pattern == self.protocols.get(key) or fnmatchcase(key, pattern)
                for pattern in patterns
            )
        ]
        if not found:
            raise Fault(
                f"no protocol matches; the protocols of these scanners are "
                f"{', '.join(there) or 'none'}"
            )
        return found


def _current_period() -> str:
    from protocol_assets.analysis.limits import limit

    return f"the trailing {limit('current_days'):g} days"


def _fleet(lake: Lake, as_of: dt.datetime | None) -> _Fleet:
    import pandas as pd

    from protocol_assets.analysis.frame import prepared
    from protocol_assets.lake.analysis import read_mart, read_measured
    from protocol_assets.modalities.mr.spec import MR

    frame = prepared(read_measured(lake).acquisitions, MR.analysis)
    day = pd.Timestamp(as_of) if as_of else frame["study_date"].max()
    frame = frame[frame["study_date"] <= day].reset_index(drop=True)
    if frame.empty:
        raise Fault(
            f"no acquisition of a known scanner was found up to {day.date()}; give a later --as-of"
            if as_of
            else "no acquisition of a known scanner was found; run 'protocol-assets materialize'"
        )
    latest = [row for row in read_mart(lake, "dim_scanner") if row["is_latest"]]
    return _Fleet(
        frame,
        day,
        {row["device_key"]: row["scanner_label"] for row in latest},
        {row["protocol_key"]: row["protocol_label"] for row in read_mart(lake, "dim_protocol")},
    )


@click.command("what-if")
@click.option("--nex", type=float, help="Number of averages.")
@click.option("--oversampling", type=float, help="Phase oversampling in %; 100 doubles the lines.")
@click.option("--acceleration", type=float, help="Parallel imaging factor in plane.")
@click.option("--scanner", "scanners", multiple=True, help="Scanner name or key; all by default.")
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    help="Name, key or pattern of keys such as 'lumbar_spine.sag_t2.*'; all by default.",
)
@click.option("--as-of", type=_DAY, help="Last study day to use; the latest by default.")
def what_if(
    nex: float | None,
    oversampling: float | None,
    acceleration: float | None,
    scanners: tuple[str, ...],
    protocols: tuple[str, ...],
    as_of: dt.datetime | None,
) -> int:
    """Calculate scan time and noise of another setting for the acquisitions of the current period.

    This is a calculation and never a recommendation: averaging also suppresses flow and motion
    artefacts.
    """
    from protocol_assets.analysis.limits import limit
    from protocol_assets.lake.analysis import read_analysis
    from protocol_assets.modalities.mr.analysis.time_model import TimeModel
    from protocol_assets.modalities.mr.analysis.what_if import Setting
    from protocol_assets.modalities.mr.analysis.what_if import what_if as calculated

    problem = ""
    try:
        setting = Setting(nex, oversampling, acceleration)
    except ValueError as error:
        problem = str(error)
    if problem:
        raise click.UsageError(problem.replace("_percent", ""))
    lake = Deployment.load().lake
    fleet = _fleet(lake, as_of)
    devices = fleet.devices(scanners)
    keys = fleet.protocol_keys(protocols, devices)
    days = (fleet.as_of - fleet.frame["study_date"]).dt.days
    chosen = fleet.frame["device_key"].isin(devices) & fleet.frame["protocol_key"].isin(keys)
    chosen &= fleet.frame["is_eligible"] & (days < limit("current_days"))
    if not chosen.any():
        raise Fault(
            f"these scanners have no acquisition of these protocols in {_current_period()}; "
            "choose others, or another day with --as-of"
        )
    fitted = (read_analysis(lake, name).to_pandas() for name in ("time_model", "time_model_series"))
    found = calculated(fleet.frame, chosen, setting, TimeModel(*fitted), fleet.as_of)
    _print_what_if(fleet, found)
    return _DONE


def _print_what_if(fleet: _Fleet, found: pd.DataFrame) -> None:
    numbers = ("n", "known", "min/exam", "new", "exams/month", "saved/month", "SNR", "error")
    table = TextTable("scanner", "protocol", *numbers, "note", right=numbers)
    ordered = found.sort_values("minutes_saved_per_month", ascending=False, kind="stable")
    for row in ordered.to_dict("records"):
        low, high = (row[f"minutes_saved_per_month_{end}"] for end in ("low", "high"))
        notes = [row["reason"]] if isinstance(row["reason"], str) else []
        notes += ["SNR without g-factor"] if row["snr_is_without_g_factor"] else []
        notes += ["predicted times are unreliable here"] if row["time_is_off"] else []
        table.add_row(
            fleet.scanners.get(str(row["device_key"]), str(row["device_key"])[:_SHOWN_KEY]),
            fleet.protocols.get(str(row["protocol_key"]), str(row["protocol_key"])),
            str(row["n"]),
            f"{row['coverage']:.0%}",
            _number(row["minutes_now"], ".1f"),
            _number(row["minutes_then"], ".1f"),
            _number(row["volume_per_month"], ".0f"),
            _number(row["minutes_saved_per_month"], ".0f")
            + ("" if math.isnan(low) else f" ({low:.0f} to {high:.0f})"),
            _number(100 * (row["snr_ratio"] - 1), "+.0f", " %"),
            _number(row["time_error_median_pct"], ".1f", " %"),
            ", ".join(notes),
        )
    table.show()
    total = found["minutes_saved_per_month"].sum()
    say(
        f"Total saving: {total:.0f} minutes per month, as of {fleet.as_of.date()}. SNR considers "
        "noise only, for the same voxel, coil and reconstruction. Averaging also suppresses flow "
        "and motion artefacts, so a radiologist must decide.",
        is_wrapped=True,
    )


@click.command()
@click.argument("scanner")
@click.argument("protocol")
@click.option(
    "--reference",
    "references",
    multiple=True,
    help="Scanner to compare with; by default the peers whose averages are at the reference.",
)
@click.option("--as-of", type=_DAY, help="Last study day to use; the latest by default.")
def sheet(
    scanner: str, protocol: str, references: tuple[str, ...], as_of: dt.datetime | None
) -> int:
    """Print a protocol next to its reference, for use at the console.

    SCANNER is a name or key, PROTOCOL a name, key or pattern of keys that matches one.
    """
    from protocol_assets.analysis.protocol_sheet import protocol_sheet
    from protocol_assets.modalities.mr.spec import MR

    lake = Deployment.load().lake
    fleet = _fleet(lake, as_of)
    (device,) = fleet.devices([scanner])
    keys = fleet.protocol_keys([protocol], [device])
    if len(keys) > 1:
        raise Fault(f"several protocols match; name one of them: {', '.join(keys)}")
    key = device, keys[0]
    devices = fleet.devices(references) if references else _peers(lake, fleet, key)
    problem, rows = "", []
    try:
        found = protocol_sheet(fleet.frame, MR.analysis.parameters(), key, devices, fleet.as_of)
        rows = found.to_dict("records")
    except ValueError:
        problem = f"the scanner has not run this protocol in {_current_period()}"
    if problem:
        raise Fault(problem)
    # The reconstruction is part of the protocol's key, so it is the same on both sides.
    reconstruction = keys[0].rpartition(".")[2]
    rows.append(
        {
            "label": "Reconstruction",
            "unit": "",
            "value": reconstruction,
            "reference": reconstruction if devices else None,
            "differs": False,
        }
    )
    say(f"{fleet.scanners.get(device, device)}: {fleet.protocols.get(keys[0], keys[0])}")
    others = ", ".join(fleet.scanners.get(one, one) for one in devices)
    say(f"reference: {others or 'none; choose one with --reference'}")
    _print_sheet(rows)
    say(
        f"The most frequent settings in {_current_period()} up to {fleet.as_of.date()}. * differs "
        "by more than the tolerance. Every change needs a radiologist's approval.",
        is_wrapped=True,
    )
    return _DONE


def _peers(lake: Lake, fleet: _Fleet, key: tuple[str, str]) -> list[str]:
    from protocol_assets.analysis.levels import current_levels
    from protocol_assets.analysis.protocol_sheet import reference_devices
    from protocol_assets.analysis.references import references
    from protocol_assets.lake.analysis import read_reference
    from protocol_assets.modalities.mr.spec import MR

    spec = MR.analysis
    levels = current_levels(fleet.frame, spec, fleet.as_of)
    judged = references(levels, spec, read_reference(lake, "targets"), fleet.as_of)
    return reference_devices(levels, spec, judged, key)


def _print_sheet(rows: list[dict[Any, Any]]) -> None:
    numbers = ("here", "share", "reference", "share")
    table = TextTable("parameter", "unit", *numbers, "", right=numbers)
    for row in rows:
        table.add_row(
            row["label"],
            row["unit"],
            _setting(row["value"]),
            _number(row.get("value_share"), ".0%"),
            _setting(row["reference"]),
            _number(row.get("reference_share"), ".0%"),
            "*" if row["differs"] is True else "",
        )
    table.show()


def _setting(value: Any) -> str:
    if isinstance(value, float):
        return _number(value, ".4g") or "not reported"
    if value is None:
        return "not reported"
    # Coils appear as keyed codes only.
    return str(value)[:_SHOWN_KEY] if str(value).isupper() else str(value)


def _number(value: float | None, form: str, unit: str = "") -> str:
    if value is None or math.isnan(value):
        return ""
    return f"{value:{form}}{unit}"

"""What the demo prints: the fleet's day, the largest savings, and the source project's headline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from protocol_assets.app.deployment import Deployment
from protocol_assets.deidentify.disclosure_limits import K_PATIENTS
from protocol_assets.demo.truth import Judgement
from protocol_assets.faults import Fault
from protocol_assets.figures.changes import VERIFIED
from protocol_assets.figures.published import Figures, published_figures
from protocol_assets.lake.reading import read_warehouse
from protocol_assets.lake.zones import Lake
from protocol_assets.terminal import TextTable, say

__all__ = ["say_headline", "say_next", "say_results"]

_LARGEST: Final = 5
_SAVED: Final = """
with changes as (
    select
        verification.device_key,
        verification.protocol_key,
        verification.changed_on,
        verification.realised_minutes_observed,
        verification.old_minutes,
        avg(acquisition.nex) filter (
            acquisition.study_date between verification.before_from and verification.before_to
        ) as nex_before,
        avg(acquisition.nex) filter (
            acquisition.study_date between verification.after_from and verification.after_to
        ) as nex_after
    from marts.change_verification as verification
    left join marts.fct_acquisition as acquisition using (device_key, protocol_key)
    where verification.verification_state = $state
    group by all
)

select
    count(*) as changes,
    count(nex_before + nex_after) as with_nex,
    avg(nex_before) filter (nex_after is not null) as nex_before,
    avg(nex_after) filter (nex_before is not null) as nex_after,
    count(realised_minutes_observed + old_minutes) as with_minutes,
    sum(realised_minutes_observed)
    / sum(old_minutes) filter (realised_minutes_observed is not null) as cut
from changes
"""


@dataclass(frozen=True, slots=True)
class Saved:
    """What the verified changes have saved; None where nothing is known.

    Attributes:
        changes: Verified changes.
        with_nex: Those whose NEX is known before and after.
        nex_before: Mean over these of the mean NEX before.
        nex_after: The same after.
        with_minutes: Changes whose scan time is known before and after.
        cut: Share of the scan time that these have saved.
    """

    changes: int
    with_nex: int
    nex_before: float | None
    nex_after: float | None
    with_minutes: int
    cut: float | None


def say_results(deployment: Deployment) -> None:
    """Print the figures of the newest report.

    Raises:
        Fault: No day is complete.
    """
    shown = published_figures(deployment.lake, deployment.pacs_names)
    if shown.day is None or shown.fleet is None:
        raise Fault("the demo has no complete day; delete the folder demo, then run the demo again")
    say()
    say(f"The fleet on {shown.day}", style="bold")
    if shown.fleet["is_suppressed"]:
        say(f"  withheld: fewer than {K_PATIENTS} patients were examined on this day")
    else:
        _say_day(shown.fleet)
    _say_opportunities(shown)


def _say_day(fleet: Mapping[str, Any]) -> None:
    for name, text in (
        ("mean NEX", f"{fleet['nex_mean']:.2f} (known for {fleet['nex_coverage']:.0%})"),
        (
            "acquisitions",
            f"{fleet['acquisitions']}, {fleet['share_above_1']:.0%} of them above NEX 1",
        ),
        ("scan time", f"{fleet['acquisition_time_sum_s'] / 3600:.1f} h"),
        ("exams", f"{fleet['exams']}, median span {fleet['exam_span_median_s'] / 60:.1f} min"),
    ):
        say(f"  {name:<14}{text}")


def _say_opportunities(shown: Figures) -> None:
    numbers = ("averages", "signal-to-noise", "minutes/month")
    title = "Largest potential savings"
    table = TextTable("scanner", "protocol", *numbers, title=title, right=numbers)
    for row in shown.potential.live[:_LARGEST]:
        table.add_row(
            row["scanner_label"],
            row["protocol_label"],
            f"{row['averages']:.3g} -> {row['what_if_averages']:.3g}",
            f"{row['snr_change_percent']:+.0f} %",
            "not known" if row["minutes_per_month"] is None else f"{row['minutes_per_month']:.0f}",
        )
    table.show()


def say_headline(deployment: Deployment, known: Judgement, *, is_whole: bool) -> None:
    """Print what was found and saved beside the truth, and beside the source project.

    Args:
        deployment: The demo's deployment.
        known: The opportunities beside the truth, before any protocol changed.
        is_whole: Whether it is the fleet of the source project.
    """
    say()
    say(
        f"Score against the truth: precision {known.precision:.2f}, recall {known.recall:.2f}. "
        f"{known.assessable} of {known.protocols} protocols have enough data to be assessed.",
        is_wrapped=True,
    )
    if not is_whole:
        say(
            "This fleet is small and its period short; `protocol-assets demo` without --small "
            "simulates the whole year.",
            is_wrapped=True,
        )
        return
    saved = _saved(deployment.lake)
    numbers = ("source project", "this run", "truth of this run")
    table = TextTable("", *numbers, title="The source project's headline", right=numbers)
    table.add_row(
        "scanner protocols with potential",
        "282 on 54 of 63 scanners",
        f"{known.found} on {known.found_scanners}",
        f"{known.true} on {known.true_scanners}",
    )
    table.add_row("verified changes", "", saved.changes, f"{known.changed} changed")
    table.add_row("their mean NEX", "1.80 -> 1.09", _nex(saved), "")
    table.add_row("their scan time", "-39 %", _cut(saved), "")
    say()
    table.show()


def say_next(deployment: Deployment) -> None:
    """Print where the report is, and what to look at next."""
    day = published_figures(deployment.lake, deployment.pacs_names).day
    if day is None:
        return
    report = deployment.lake.local_path(deployment.lake.report(day)) / "report.html"
    say()
    say(f"report: {report}")
    say("next: `make dev` serves the Dagster UI with these partitions,")
    say("      `make dashboard` the published tables; `protocol-assets findings list` lists what")
    say("      waits for a decision (PROTOCOL_ASSETS_CONFIG=demo/protocol_assets.toml).")


def _saved(lake: Lake) -> Saved:
    with read_warehouse(lake) as connection:
        (row,) = connection.execute(_SAVED, {"state": VERIFIED}).fetchall()
    return Saved(*row)


def _nex(saved: Saved) -> str:
    if saved.nex_before is None or saved.nex_after is None:
        return "not known"
    return f"{saved.nex_before:.2f} -> {saved.nex_after:.2f} ({_known(saved.with_nex, saved)})"


def _cut(saved: Saved) -> str:
    if saved.cut is None:
        return "not known"
    return f"{-100 * saved.cut:.0f} % ({_known(saved.with_minutes, saved)})"


def _known(count: int, saved: Saved) -> str:
    return f"known for {count} of {saved.changes}"

"""The command group ``findings``: list findings and record decisions about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from protocol_assets.app.deployment import Deployment
from protocol_assets.faults import Fault
from protocol_assets.lake.zones import Lake
from protocol_assets.terminal import TextTable, say

if TYPE_CHECKING:
    from protocol_assets.governance.findings import Finding

__all__ = ["findings"]

_DONE: Final = 0
_DAY: Final = click.DateTime(formats=["%Y-%m-%d"])
_SHOWN_KEY: Final = 8

Row = dict[str, Any]


@click.group()
def findings() -> None:
    """List findings and record decisions about them: accept, change, verify or waive."""


@findings.command("list")
@click.option("--state", help="Show findings in this state only.")
@click.option("--kind", help="Show findings of this kind only, such as opportunity or drift.")
@click.option("--scanner", help="Show findings of this scanner only.")
@click.option("--all", "is_all", is_flag=True, help="Include waived findings.")
@click.option("--limit", default=40, show_default=True, help="Maximum number of findings to show.")
def list_findings(
    state: str | None, kind: str | None, scanner: str | None, is_all: bool, limit: int
) -> int:
    """List findings, largest monthly saving first."""
    from protocol_assets.lake.analysis import read_mart

    wanted = {"finding_state": state, "kind": kind, "scanner_label": scanner}
    rows = [
        row
        for row in read_mart(Deployment.load().lake, "findings")
        if all(value is None or row[name] == value for name, value in wanted.items())
        and (is_all or state == "waived" or not row["is_waived"])
    ]
    rows.sort(key=_urgency)
    if rows:
        _table(rows[:limit]).show()
    else:
        say("no finding matches")
    say(f"{min(limit, len(rows))} of {len(rows)} findings")
    return _DONE


@findings.command("accept")
@click.argument("key")
@click.option("--owner", required=True, help="Person who is responsible for the change.")
@click.option("--on", type=_DAY, help="Date of the decision; today by default.")
def accept(key: str, owner: str, on: dt.datetime | None) -> int:
    """Accept a finding: record its current volume and expected minutes."""
    from protocol_assets.governance.lives import accepted
    from protocol_assets.lake.analysis import read_mart

    lake = Deployment.load().lake
    found = _found(lake, key)
    opportunity = None
    if found["kind"] == "opportunity":
        known = {row["finding_key"]: row for row in read_mart(lake, "opportunities")}
        opportunity = known.get(found["finding_key"])
        if opportunity is None:
            raise Fault("this finding is no longer in the data, so there is nothing to accept")
    line = _changed_line(lake, found, lambda line: accepted(line, opportunity, owner, _day(on)))
    promised = line.promised_minutes_per_month
    _say(f"accepted by {owner}" + (f", {promised:g} min a month" if promised else ""))
    return _DONE


@findings.command("change")
@click.argument("key")
@click.option("--on", required=True, type=_DAY, help="First day with the new setting.")
@click.option("--signed-by", help="Person who approved the images after the change.")
@click.option("--signed-on", type=_DAY, help="Date of the approval.")
def change(key: str, on: dt.datetime, signed_by: str | None, signed_on: dt.datetime | None) -> int:
    """Register the date of a change before its effect is evaluated."""
    from protocol_assets.governance.lives import changed

    lake = Deployment.load().lake
    signed = signed_on.date() if signed_on else None
    line = _changed_line(
        lake, _found(lake, key), lambda line: changed(line, on.date(), signed_by, signed)
    )
    _say(f"changed on {line.changed_on}")
    return _DONE


@findings.command("verify")
@click.argument("key")
@click.option("--signed-by", required=True, help="Person who approved the images after the change.")
@click.option("--signed-on", required=True, type=_DAY, help="Date of the approval.")
@click.option("--on", type=_DAY, help="Date of the verification; today by default.")
def verify(key: str, signed_by: str, signed_on: dt.datetime, on: dt.datetime | None) -> int:
    """Confirm a change: time was saved and the images were approved."""
    from protocol_assets.governance.lives import verified
    from protocol_assets.lake.analysis import read_mart

    lake = Deployment.load().lake
    found = _found(lake, key)
    own = {
        row["changed_on"]: row
        for row in read_mart(lake, "change_verification")
        if all(row[name] == found[name] for name in ("device_key", "protocol_key"))
    }
    if found["kind"] != "opportunity" and found["is_seen"]:
        raise Fault(
            "this finding is still in the data; once days after the change have landed and the "
            "report is refreshed, verify it again"
        )

    def verify_line(line: Finding) -> Finding:
        of_this = own.get(line.changed_on)
        return verified(line, of_this, _day(on), signed_by, signed_on.date())

    _changed_line(lake, found, verify_line)
    _say(f"verified; images approved by {signed_by}")
    return _DONE


@findings.command("waive")
@click.argument("key")
@click.option("--until", required=True, type=_DAY, help="Last day of the waiver.")
@click.option("--owner", required=True, help="Person who is responsible for the waiver.")
@click.option("--reason", required=True, help="Reason for the waiver.")
def waive(key: str, until: dt.datetime, owner: str, reason: str) -> int:
    """Waive a finding until a date; it is shown again afterwards."""
    from protocol_assets.governance.lives import waived

    lake = Deployment.load().lake
    line = _changed_line(
        lake, _found(lake, key), lambda line: waived(line, until.date(), owner, reason)
    )
    _say(f"waived until {line.waived_until}")
    return _DONE


def _found(lake: Lake, key: str) -> Row:
    """Return the only finding whose key begins with ``key``."""
    from protocol_assets.lake.analysis import read_mart

    matching = [row for row in read_mart(lake, "findings") if row["finding_key"].startswith(key)]
    if len(matching) != 1:
        count = "no finding has a key" if not matching else f"{len(matching)} findings have keys"
        raise Fault(
            f"{count} that starts with {key}; run 'protocol-assets findings list' to see the keys"
        )
    return matching[0]


def _changed_line(lake: Lake, found: Row, change: Callable[[Finding], Finding]) -> Finding:
    """Change the finding's line, while no other process can change it."""
    from protocol_assets.governance.findings import findings_file, put_finding, read_findings
    from protocol_assets.governance.lives import line_of
    from protocol_assets.lake.analysis import newest_devices
    from protocol_assets.storage.locks import editing

    newest = newest_devices(lake)
    with editing(findings_file(lake)):
        line = change(line_of(found, read_findings(lake), newest))
        put_finding(lake, line)
    return line


def _say(words: str) -> None:
    say(f"{words}; the next report shows it")


def _day(day: dt.datetime | None) -> dt.date:
    return day.date() if day else dt.datetime.now().astimezone().date()


def _urgency(row: Row) -> tuple[float, float, str]:
    return -(row["minutes_per_month"] or 0), -(row["n_affected"] or 0), row["finding_key"]


def _table(rows: Sequence[Row]) -> TextTable:
    numbers = ("expected", "seen", "exams", "min/month", "SNR")
    headings = ("key", "kind", "scanner", "protocol", "parameter", *numbers, "state", "owner")
    table = TextTable(*headings, right=numbers)
    for row in rows:
        table.add_row(
            row["finding_key"][:_SHOWN_KEY],
            row["kind"],
            row["scanner_label"] or row["device_key"][:_SHOWN_KEY],
            row["protocol_label"] or row["protocol_key"],
            row["parameter"],
            _value(row["expected"], row["expected_term"]),
            _value(row["observed"], row["observed_term"]),
            f"{row['n_affected']} of {row['n_exams']}" if row["n_exams"] else "",
            f"{row['minutes_per_month']:.0f}" if row["minutes_per_month"] is not None else "",
            f"{100 * (row['snr_ratio'] - 1):.0f} %" if row["snr_ratio"] is not None else "",
            row["finding_state"] if row["is_seen"] else f"{row['finding_state']}, no longer seen",
            row["owner"] or "",
        )
    return table


def _value(number: float | None, term: str | None) -> str:
    if number is not None:
        return f"{number:.4g}"
    return (term or "")[:_SHOWN_KEY] if term and term.isupper() else term or ""

"""The command line. Its commands run the same assets that the Dagster UI shows."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import Final

import click

from protocol_assets.app.deployment import Deployment
from protocol_assets.app.endpoints import endpoint_of
from protocol_assets.cli.analysis import sheet, what_if
from protocol_assets.cli.day_progress import day_progress
from protocol_assets.cli.findings import findings
from protocol_assets.cli.privacy import labels, purge, rekey, resolve
from protocol_assets.cli.scanners import scanners
from protocol_assets.cli.status import status
from protocol_assets.cli.verify import verify
from protocol_assets.faults import Fault, safe_message
from protocol_assets.lake.permissions import restrict_new_files
from protocol_assets.settings import ConfigurationError
from protocol_assets.terminal import (
    TextTable,
    expect_any_text,
    say,
    say_error,
    say_json,
    say_usage,
    standard_output,
)

__all__ = ["main"]

_ALL_LANDED: Final = 0
_SOME_MISSING: Final = 1
_CONFIGURATION: Final = 2
_STOPPED: Final = 130
"""The exit code that shells use after SIGINT; SIGTERM gives the same."""

_DAY = click.DateTime(formats=["%Y-%m-%d"])


def main() -> None:
    """Run the command line. Every error is printed as one line that says what to do."""
    restrict_new_files()
    expect_any_text()
    code = _CONFIGURATION
    try:
        code = cli.main(standalone_mode=False) or _ALL_LANDED
    except click.exceptions.Abort:
        say_error("Interrupted. Completed days are kept; run the command again to continue.")
        code = _STOPPED
    except click.ClickException as error:
        say_usage(error)
    except ConfigurationError as error:
        say_error(f"configuration: {error}")
    except Fault as error:
        say_error(str(error))
        code = _SOME_MISSING
    except Exception as error:
        say_error(safe_message(error))
        code = _SOME_MISSING
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="protocol-assets")
def cli() -> None:
    """MR protocol monitoring: from the DICOM headers in every PACS to wasted scanner minutes."""


@cli.command()
@click.option("--small", is_flag=True, help="Simulate 12 scanners over five weeks, not 63 a year.")
def demo(small: bool) -> int:
    """Run the complete pipeline on simulated scanners; results go to ./demo."""
    from protocol_assets.demo import SMALL_FLEET, YEAR_FLEET, run_demo

    fleet = SMALL_FLEET if small else YEAR_FLEET
    with day_progress(fleet.start, fleet.end) as tell:
        whole = run_demo(Path("demo").resolve(), tell, fleet)
    return _ALL_LANDED if whole else _SOME_MISSING


@cli.command()
@click.option("--pacs", required=True, help="Name of the PACS in the configuration.")
@click.option("--from", "first", required=True, type=_DAY, help="First study day.")
@click.option("--to", "last", required=True, type=_DAY, help="Last study day.")
@click.option("--force", is_flag=True, help="Fetch every study again, even if it is unchanged.")
@click.option("--as-of", type=_DAY, help="Last study day that findings use; the latest by default.")
def materialize(
    pacs: str, first: dt.datetime, last: dt.datetime, force: bool, as_of: dt.datetime | None
) -> int:
    """Fetch study days from one PACS, then rebuild the warehouse and the report."""
    deployment = Deployment.load()
    deployment.pseudonyms()
    from protocol_assets.runner import Runner

    with day_progress(first.date(), last.date()) as tell:
        runner = Runner(deployment, tell)
        outcomes = list(runner.ingest(pacs, first.date(), last.date(), force=force))
        problem = runner.report(as_of.date() if as_of else None)
    for outcome in outcomes:
        if outcome.state != "landed":
            say_error(f"{outcome.partition.day} {pacs} {outcome.state}: {outcome.reason}")
    landed = sum(outcome.state == "landed" for outcome in outcomes)
    say(f"{landed} of {len(outcomes)} partitions landed")
    if problem:
        say_error(f"warehouse and report: {problem}")
    return _ALL_LANDED if landed == len(outcomes) and not problem else _SOME_MISSING


@cli.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the profile as JSON.")
def probe(name: str, as_json: bool) -> int:
    """Test what a PACS supports, store its profile, and suggest settings."""
    deployment = Deployment.load()
    from protocol_assets.sources.dicomweb import probe as asked
    from protocol_assets.sources.dicomweb.client import PacsClient
    from protocol_assets.sources.dicomweb.stored_profiles import write_profile

    deployment.lake.prepare()
    endpoint = endpoint_of(deployment.settings.pacs_named(name), os.environ)
    rate_limit = deployment.rate_limit(name)
    rate_limit.insist()
    with PacsClient(endpoint, rate_limit=rate_limit) as client:
        report = asked.probe(client)
    if report.profile is not None:
        write_profile(deployment.lake, name, report.profile)
    if as_json:
        say_json(report.to_json())
    else:
        table = TextTable("", "item", "finding")
        for finding in report.findings:
            table.add_row(finding.verdict, finding.item, finding.sentence)
        table.show()
        say(
            "The profile is stored; landing uses it."
            if report.profile
            else "No profile is stored, because the probe learned too little."
        )
    return _SOME_MISSING if report.verdict == "fail" else _ALL_LANDED


@cli.command()
@click.argument("name")
def pause(name: str) -> int:
    """Pause all requests to a PACS, effective immediately."""
    deployment = Deployment.load()
    from protocol_assets.sources.rate_limit.store import pause as pause_pacs

    deployment.settings.pacs_named(name)
    pause_pacs(deployment.lake, name, dt.datetime.now(dt.UTC))
    say(f"Requests to {name} are paused. To continue, run 'protocol-assets resume {name}'.")
    return _ALL_LANDED


@cli.command()
@click.argument("name")
def resume(name: str) -> int:
    """Resume requests to a PACS after a pause or after failures."""
    deployment = Deployment.load()
    from protocol_assets.sources.rate_limit.store import resume as resume_pacs

    deployment.settings.pacs_named(name)
    resume_pacs(deployment.lake, name)
    say(f"Requests to {name} are resumed. Missed days will be fetched.")
    return _ALL_LANDED


@cli.command()
def rebuild() -> int:
    """Rebuild outdated partitions from stored data (no PACS access), then refresh the report."""
    deployment = Deployment.load()
    from protocol_assets.ingest.partition_status import partition_states
    from protocol_assets.ingest.retention.patient_renaming import rename_patients
    from protocol_assets.runner import PartitionOutcome, Runner

    rename_patients(deployment.lake, deployment.pseudonyms())
    stale = [
        state.partition
        for state in partition_states(deployment.lake, deployment.pseudonyms())
        if state.is_stale
    ]
    runner = Runner(deployment)
    outcomes: list[PartitionOutcome] = []
    for partition in stale:
        try:
            outcomes += runner.ingest(
                partition.pacs, partition.day, partition.day, assets=("series", "series_facts")
            )
        except Fault as fault:  # the configuration no longer asks for this day or PACS
            outcomes.append(PartitionOutcome(partition, "refused", str(fault)))
    problem = runner.report()
    refused = [outcome for outcome in outcomes if outcome.state == "refused"]
    for outcome in refused:
        say_error(f"{outcome.partition.day} {outcome.partition.pacs}: {outcome.reason}")
    say(f"{len(outcomes) - len(refused)} of {len(stale)} outdated partitions rebuilt")
    if problem:
        say_error(f"warehouse and report: {problem}")
    return _SOME_MISSING if refused or problem else _ALL_LANDED


@cli.command()
@click.option("--port", default=8971, show_default=True, help="Port on 127.0.0.1.")
@click.option("--seed", default=1, show_default=True, help="Random seed of the fleet.")
@click.option("--scanners", default=12, show_default=True, help="Number of scanners.")
@click.option("--studies", default=480, show_default=True, help="Number of studies in the period.")
@click.option(
    "--from",
    "first",
    default="2026-02-01",
    show_default=True,
    type=_DAY,
    help="First study day; protocols change from 150 days after it.",
)
@click.option(
    "--to", "last", default="2026-03-06", show_default=True, type=_DAY, help="Last study day."
)
@click.option("--as-of", type=_DAY, help="Day that counts as today; hides later arrivals.")
@click.option("--truth", type=click.Path(path_type=Path), help="Folder for the ground truth.")
def simulate(
    port: int,
    seed: int,
    scanners: int,
    studies: int,
    first: dt.datetime,
    last: dt.datetime,
    as_of: dt.datetime | None,
    truth: Path | None,
) -> int:
    """Serve a simulated fleet over DICOMweb on 127.0.0.1 until interrupted."""
    from protocol_assets.demo import Fleet, SimulatedPacs, write_truth

    period = first.date(), last.date()
    try:
        fleet = Fleet(seed, scanners, studies, *period, case_mix="lumbar")
        fleet.studies(None, *period)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if truth is not None:
        say(f"truth: {write_truth(fleet, truth)}")
    server = SimulatedPacs(fleet, port=port, as_of=as_of.date() if as_of else None)
    for site in fleet.sites:
        say(f"{site}: {server.url(site)}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say("stopped")
    return _ALL_LANDED


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def classify(file: Path) -> int:
    """Classify the series descriptions in a CSV file by the role rules.

    FILE has a column SeriesDescription and may have columns for other DICOM keywords, such as
    StudyDescription or EchoTime. Prints one line per series, as CSV.
    """
    from protocol_assets.modalities.mr.classify import UnreadableListError, write_classified

    try:
        # Spreadsheets put a byte order mark before UTF-8.
        with file.open(encoding="utf-8-sig", newline="") as lines:
            summary = write_classified(lines, standard_output())
    except UnreadableListError as error:
        raise click.ClickException(f"{file}: {error}") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not UTF-8; save it as CSV in UTF-8") from None
    say_error(summary)
    return _ALL_LANDED


for _command in (findings, labels, purge, rekey, resolve, scanners, sheet, status, verify, what_if):
    cli.add_command(_command)

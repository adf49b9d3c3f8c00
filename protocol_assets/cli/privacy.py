"""The commands of data protection: ``labels``, ``resolve``, ``purge`` and ``rekey``."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from typing import Final, get_args

import click

from protocol_assets.app.deployment import Deployment
from protocol_assets.deidentify.keys import KEY_VARIABLE
from protocol_assets.deidentify.labels import Decision
from protocol_assets.lake.zones import Partition
from protocol_assets.terminal import say, say_error

__all__ = ["labels", "purge", "rekey", "resolve"]

_DONE: Final = 0
_SOME_MISSING: Final = 1
_WITHHELD: Final = {
    "markup": "contains markup characters",
    "one_scanner": "seen on one scanner only",
}
_DAY: Final = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def labels() -> None:
    """Approve or withhold protocol names. Shows original texts: for authorised staff only."""


@labels.command("pending")
def labels_pending() -> int:
    """List frequent texts that need a decision, and the reason."""
    from protocol_assets.governance.labels import judged_labels

    judged = judged_labels(Deployment.load().lake)
    waiting = [one for one in judged if one.is_pending]
    for one in waiting:
        why = f"unknown words: {' '.join(one.unknown)}" if one.unknown else _WITHHELD[one.reason]
        say(f"{one.label_code}  {one.patients:>6} patients  '{one.text}'  ({why})")
    released = sum(one.is_released for one in judged)
    say(f"{len(waiting)} texts need a decision; {released} of {len(judged)} are released")
    return _DONE


def _decision(name: Decision, words: str) -> click.Command:
    @click.command(name, help=f"{words} Takes effect with the next report, for past data too.")
    @click.argument("label_code")
    def command(label_code: str) -> int:
        from protocol_assets.governance.labels import decide

        decide(Deployment.load().lake, label_code, name)
        say(f"{label_code}: {name}")
        return _DONE

    return command


for _name, _words in zip(
    get_args(Decision),
    ("Release a text that the gates withhold.", "Withhold a text that the gates would release."),
    strict=True,
):
    labels.add_command(_decision(_name, _words))


@click.command()
@click.argument("key")
@click.option("--reason", required=True, help="Reason; it is stored in the access log.")
def resolve(key: str, reason: str) -> int:
    """Find the accession numbers behind a pseudonym. Restricted; each use is logged."""
    from protocol_assets.ingest.retention.resolving import resolve as resolve_key

    deployment = Deployment.load()
    now = dt.datetime.now(dt.UTC)
    found = resolve_key(deployment.lake, deployment.pseudonyms(), key, reason=reason, now=now)
    for one in found:
        accession = one.accession_number or "no accession number stored"
        say(f"{one.partition.day} {one.partition.pacs}  {accession}  {one.study_instance_uid}")
    say_error(f"{len(found)} studies")
    return _DONE if found else _SOME_MISSING


@click.command()
@click.option("--before", type=_DAY, help="Delete raw data of study days before this date.")
@click.option("--patient", help="Delete all data of this patient ID, and exclude it.")
@click.option("--issuer", help="Issuer of the patient ID; all issuers by default.")
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
def purge(before: dt.datetime | None, patient: str | None, issuer: str | None, yes: bool) -> int:
    """Delete data permanently. A record of counts and digests remains."""
    if (before is None) == (patient is None):
        raise click.UsageError("give either --before or --patient")
    deployment = Deployment.load()
    pseudonyms = deployment.pseudonyms()
    if not yes:
        click.confirm("Deleted data cannot be restored. Continue?", abort=True, err=True)
    now = dt.datetime.now(dt.UTC)
    if before is not None:
        from protocol_assets.ingest.retention.purging import purge_before

        deletion = purge_before(deployment.lake, pseudonyms, before.date(), now)
        say(f"{sum(one.files for one in deletion.entries)} files deleted")
        return _DONE
    from protocol_assets.governance.do_not_process import do_not_process
    from protocol_assets.ingest.retention.erasure import purge_patient
    from protocol_assets.lake.parquet import has_part

    assert patient is not None  # noqa: S101 - one of the two is given
    do_not_process(deployment.lake, patient, issuer, now.date())
    touched = purge_patient(deployment.lake, pseudonyms, patient, issuer, now)
    lake = deployment.lake
    problem = _rebuild(deployment, [one for one in touched if has_part(lake, lake.series(one))])
    say(f"The patient's data were deleted from {len(touched)} partitions.")
    if problem:
        say_error(f"The rebuild failed: {problem}. To try again, run 'protocol-assets rebuild'.")
    return _SOME_MISSING if problem else _DONE


@click.command()
def rekey() -> int:
    """Change to a new key; the help text is below."""
    from protocol_assets.ingest.retention.rekeying import rekey as change_over
    from protocol_assets.lake.key_record import describe_keys, find_key_ids

    deployment = Deployment.load()
    new = deployment.keyed()
    has_old = bool(os.environ.get(f"{KEY_VARIABLE}_OLD"))
    old = deployment.keyed(suffix="_OLD") if has_old else None
    found = find_key_ids(deployment.lake, every=True)
    if old is not None and found.keys() - {old.key_id, new.key_id}:
        raise click.UsageError(
            f"{KEY_VARIABLE}_OLD holds the key {old.key_id}, but the data were made with "
            f"{describe_keys(found)}; set it to the key of the data"
        )
    done = change_over(deployment.lake, old, new)
    problem = _rebuild(deployment, done.to_rebuild)
    say(
        f"{len(done.to_rebuild)} partitions rebuilt, {len(done.changed_over)} re-keyed without a "
        f"rebuild, {done.lost} pseudonyms in governance files could not be translated"
    )
    if problem:
        say_error(f"The rebuild failed: {problem}. To try again, run 'protocol-assets rebuild'.")
    return _SOME_MISSING if problem or done.lost else _DONE


rekey.help = (
    f"Change to a new key. Stop the daemon first. Set {KEY_VARIABLE} to the new key and "
    f"{KEY_VARIABLE}_OLD to the previous one, and likewise the patient keys. Without the previous "
    "key, the governance files lose the entries that it identified."
)


def _rebuild(deployment: Deployment, partitions: Iterable[Partition]) -> str | None:
    """Rebuild the partitions' series and facts, then the warehouse and the report.

    Returns:
        None if everything succeeded, else one line.
    """
    from protocol_assets.runner import Runner

    runner = Runner(deployment)
    problems = [
        f"{outcome.partition.key}: {outcome.reason}"
        for partition in partitions
        for outcome in runner.ingest(
            partition.pacs, partition.day, partition.day, assets=("series", "series_facts")
        )
        if outcome.state == "refused"
    ]
    report = runner.report()
    return "; ".join([*problems, *([report] if report else [])]) or None

"""``report_mail``: sends the report to each list and the webhook once a day."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

import dagster as dg

from protocol_assets.defs.failures import redact_errors
from protocol_assets.defs.resources import DeploymentResource
from protocol_assets.delivery.report import Outcome, editions, send_report
from protocol_assets.ingest.overview import markdown_table

__all__ = ["report_mail"]

_RETRY: Final = dg.RetryPolicy(
    max_retries=3, delay=20, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
"""For failures that may pass within a minute. The next run tries everything else again."""

_TROUBLE: Final = ("failed", "unknown", "refused")


@dg.asset(
    deps=["chief_report"],
    group_name="publish",
    kinds={"email"},
    owners=["team:radiology"],
    retry_policy=_RETRY,
    check_specs=[
        dg.AssetCheckSpec(
            "delivered",
            asset="report_mail",
            description="Every address of every list has received the report of the day.",
        )
    ],
)
@redact_errors
def report_mail(
    deployment: DeploymentResource,
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Sends the first page of the report with the PDF to each list, and a line to the webhook.

    Each address receives the report of a day once, however often this runs. If something cannot be
    delivered, the run fails after everything else has been delivered.
    """
    here = deployment.deployment
    lake, settings = here.lake, here.settings
    reports = editions(lake, here.pacs_names, is_demo=here.is_demo)
    now = dt.datetime.now(settings.zone)
    outcomes = list(send_report(lake, here.outlets, reports, settings.language, now))
    trouble = [one for one in outcomes if one.state in _TROUBLE]
    failed = [one for one in trouble if one.state == "failed"]
    table = _table(outcomes)
    yield dg.AssetCheckResult(
        asset_key="report_mail",
        check_name="delivered",
        passed=not trouble,
        severity=dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN,
        description="; ".join(_line(one) for one in trouble) or _words(outcomes),
        metadata={"lists": table},
    )
    if failed:
        raise dg.Failure(
            description="; ".join(_line(one) for one in failed),
            metadata={"lists": table},
            allow_retries=any(one.is_passing for one in failed),
        )
    yield dg.MaterializeResult(
        asset_key="report_mail",
        metadata={
            "lists": table,
            "addresses_served_now": sum(one.addresses for one in outcomes),
        },
    )


def _words(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return "The report has no recipients. Configure [[mail.lists]] or [webhook] to send it."
    return "Everything is delivered."


def _line(one: Outcome) -> str:
    return f"{one.name}: {one.reason}"


def _table(outcomes: Sequence[Outcome]) -> dg.MarkdownMetadataValue:
    if not outcomes:
        return dg.MetadataValue.md(_words(outcomes))
    rows = [[one.name, one.state, one.addresses, one.reason] for one in outcomes]
    return dg.MetadataValue.md(
        markdown_table(["list", "state", "addresses served now", "reason"], rows)
    )

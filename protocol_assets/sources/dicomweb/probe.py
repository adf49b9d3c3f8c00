"""What a PACS can do, found by asking it: the work of ``protocol-assets probe NAME``.

Lists one day and retrieves one small study by the code that ingestion uses, so that it fails and
passes where ingestion would; then it measures single abilities. Findings identify nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from protocol_assets.sources.dicomweb.attributes import STUDY_UID, uid
from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.probe_evidence import Evidence
from protocol_assets.sources.dicomweb.probe_judgements import choose_sample, judge_counts
from protocol_assets.sources.dicomweb.probe_report import Finding, ProbeReport, Verdict
from protocol_assets.sources.dicomweb.probe_retrieval import RetrievalProbe
from protocol_assets.sources.dicomweb.probe_searches import SearchProbe

__all__ = ["Finding", "ProbeReport", "Verdict", "probe"]


def probe(client: PacsClient) -> ProbeReport:
    """Asks the PACS of ``client``; failures become findings and nothing is raised.

    Stops early if it cannot be reached, refuses the credentials or holds no study.
    """
    endpoint, evidence = client.endpoint, Evidence()
    searches = SearchProbe(client, evidence)
    rows = searches.reach()
    if not rows:
        return ProbeReport(endpoint.name, tuple(evidence.findings))
    searches.ask_pages(rows)
    _ask_about_a_study(client, evidence, searches, rows)
    if evidence.is_compressed:
        evidence.say("gzip", "ok", "It compresses its answers.")
    else:
        evidence.say(
            "gzip",
            "warn",
            "It does not compress its answers, which causes several times the traffic.",
        )
    profile = evidence.profile(endpoint.profile, datetime.now(UTC).date())
    return ProbeReport(endpoint.name, tuple(evidence.findings), profile)


def _ask_about_a_study(
    client: PacsClient, evidence: Evidence, searches: SearchProbe, rows: Sequence[dict[str, Any]]
) -> None:
    sample = choose_sample(rows, client.endpoint.modalities)
    if sample is None:
        evidence.say(
            "sample",
            "fail",
            "No listed study has a usable StudyInstanceUID and a StudyDate that can be read.",
        )
        return
    row, of_day = sample
    searches.ask_filters(row, of_day)
    evidence.add(judge_counts(row))
    retrievals = RetrievalProbe(client, evidence)
    study = searches.list_day(of_day)
    if study is not None:
        retrievals.retrieve(study)
    retrievals.ask_metadata(study.study_instance_uid if study else uid(row, STUDY_UID) or "")

"""The questions of a probe that retrieve a study: whole, by series, again by its ETag."""

from __future__ import annotations

from typing import Any

from protocol_assets.sources.dicomweb.client import PacsClient
from protocol_assets.sources.dicomweb.probe_evidence import Evidence
from protocol_assets.sources.dicomweb.probe_judgements import judge_elements, judge_separators
from protocol_assets.sources.dicomweb.reconcile import ListedStudy
from protocol_assets.sources.errors import PacsError, describe_kind

__all__ = ["RetrievalProbe"]

Row = dict[str, Any]


class RetrievalProbe:
    """Asks how a PACS gives the metadata of a study.

    Args:
        client: The PACS.
        evidence: Gets the findings.
    """

    def __init__(self, client: PacsClient, evidence: Evidence) -> None:
        self._client, self._evidence = client, evidence

    def retrieve(self, study: ListedStudy) -> None:
        """Retrieve the study by the code that ingestion uses."""
        try:
            found = self._client.retrieve(study)
        except PacsError as error:
            self._evidence.say("retrieval", "fail", str(error))
            return
        problem = found.outcome.problem if found else None
        if problem is not None:
            advice = PacsError(self._client.endpoint.name, problem).advice
            sentence = f"It {describe_kind(problem)}: {advice}."
            self._evidence.say("retrieval", "fail", sentence)
        elif found is not None and found.received.rejected:
            self._evidence.say(
                "retrieval",
                "fail",
                f"It gives {found.received.rejected} instances without StudyInstanceUID or"
                " SOPInstanceUID.",
            )
        else:
            self._evidence.say("retrieval", "ok", "A study is retrieved completely.")

    def ask_metadata(self, study_uid: str) -> None:
        """Ask for the metadata of a study and of one of its series."""
        instances: list[Row] = []
        self._evidence.attempt("study metadata", lambda: self._ask_study(study_uid, instances))
        self._evidence.attempt("series metadata", lambda: self._ask_series(study_uid, instances))
        if instances:
            self._evidence.add(judge_elements(instances))
            self._evidence.add(judge_separators(instances))
        else:
            sentence = "It gives no metadata of the study that was tried."
            self._evidence.say("elements", "fail", sentence)

    def _ask_study(self, study_uid: str, instances: list[Row]) -> None:
        instances.extend(self._client.study_metadata(study_uid))
        self._evidence.is_compressed |= self._client.last_answer.compressed
        if not instances:
            sentence = "It gives no instance of a study in one answer."
            self._evidence.say("study metadata", "warn", sentence)
            return
        self._evidence.retrievals.add("study")
        sentence = "It gives the metadata of a study in one answer."
        self._evidence.say("study metadata", "ok", sentence)
        self._ask_etag(study_uid, self._client.last_answer.etag)

    def _ask_series(self, study_uid: str, instances: list[Row]) -> None:
        found = list(self._client.search_series(study_uid).series)
        if not found:
            self._evidence.say("series metadata", "warn", "It lists no series of a study.")
            return
        instances.extend(self._client.series_metadata(study_uid, found[0]))
        self._evidence.retrievals.add("series")
        sentence = "It gives the metadata of a series in one answer."
        self._evidence.say("series metadata", "ok", sentence)

    def _ask_etag(self, study_uid: str, etag: str) -> None:
        """Whether a strong ETag saves a second retrieval of an unchanged study."""
        if etag:
            with self._client.unless(etag):
                self._client.study_metadata(study_uid)
        honoured = bool(etag) and self._client.last_answer.unchanged
        self._evidence.known["etag"] = honoured
        if honoured:
            sentence = "It reports by ETag that a study has not changed."
        else:
            sentence = "It has no usable ETag: overwrites are found in a sample."
        self._evidence.say("ETag", "ok", sentence)

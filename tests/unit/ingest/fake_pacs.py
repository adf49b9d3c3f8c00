"""A PACS in memory for the tests of the partitions: it lists and gives what it is told to."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.effort import Effort
from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.reconcile import (
    Instance,
    ListedStudy,
    ReceivedStudy,
    reconcile,
)
from protocol_assets.sources.dicomweb.retrieval import Retrieved
from protocol_assets.sources.dicomweb.rows import DayListing
from protocol_assets.sources.errors import Kind, PacsError


def endpoint(**changes: Any) -> Endpoint:
    """An endpoint that nobody asks."""
    return Endpoint(**{"name": "main", "url": "http://127.0.0.1/rs", "workers": 1, **changes})


def received(study: ListedStudy, *, instances: int | None = None, averages: int = 1) -> Retrieved:
    """A study with as many instances as it lists, or ``instances``."""
    uid = study.study_instance_uid
    content = ReceivedStudy(uid)
    content.add(
        Instance.of(
            {
                "0020000D": {"vr": "UI", "Value": [uid]},
                "0020000E": {"vr": "UI", "Value": [f"{uid}.0"]},
                "00080018": {"vr": "UI", "Value": [f"{uid}.{number}"]},
                "00180083": {"vr": "DS", "Value": [averages]},
            }
        )
        for number in range((study.instances or 0) if instances is None else instances)
    )
    return Retrieved(content, reconcile(study, content))


def in_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Studies come one after another: which of two threads is first is chance."""
    monkeypatch.setattr(
        "protocol_assets.ingest.studies.ThreadPoolExecutor",
        lambda max_workers: ThreadPoolExecutor(min(max_workers, 1)),
    )


@dataclass
class FakePacs:
    """Holds ``studies``; ``trouble`` tells what happens instead of giving one of them."""

    endpoint: Endpoint = field(default_factory=endpoint)
    studies: list[ListedStudy] = field(default_factory=list)
    others: list[ListedStudy] = field(default_factory=list)
    rejected: int = 0
    wanted: set[str] = field(default_factory=set)
    found_by_filter: frozenset[str] = frozenset()
    looked_up: list[str] = field(default_factory=list)
    trouble: dict[str, Kind | Exception] = field(default_factory=dict)
    averages: dict[str, int] = field(default_factory=dict)
    put_off: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)
    etags: dict[str, str] = field(default_factory=dict)
    retrieved: list[str] = field(default_factory=list)
    asked_unless: list[str] = field(default_factory=list)
    held: str = ""
    effort: Effort = field(default_factory=Effort)

    def require_leave(self) -> None:
        if self.held:
            raise PacsError(self.endpoint.name, "held", None, self.held)

    def list_day(self, day: dt.date) -> Any:
        if "listing" in self.trouble:
            raise PacsError(self.endpoint.name, self.trouble["listing"], 500)  # type: ignore[arg-type]
        return DayListing(day, tuple(self.studies), self.rejected, tuple(self.others))

    def studies_by_filter(self, day: dt.date, modality: str) -> frozenset[str]:
        assert day
        assert modality
        return self.found_by_filter

    def holds_wanted(self, study: ListedStudy) -> bool | None:
        self.looked_up.append(study.study_instance_uid)
        trouble = self.trouble.get("series")
        if trouble is not None:
            raise PacsError(self.endpoint.name, trouble, 404)  # type: ignore[arg-type]
        return study.study_instance_uid in self.wanted

    def retrieve(self, study: ListedStudy, *, unless: str = "") -> Retrieved | None:
        uid = study.study_instance_uid
        trouble = self.trouble.get(uid)
        if isinstance(trouble, Exception):
            raise trouble
        if uid in self.put_off:
            raise PacsError(self.endpoint.name, "busy", 429, is_put_off=True)
        if trouble is not None:
            raise PacsError(self.endpoint.name, trouble, 404)
        etag = self.etags.get(uid, "")
        if unless:
            self.asked_unless.append(uid)
            if unless == etag:
                return None
        self.retrieved.append(uid)
        few = (study.instances or 1) - 1 if uid in self.short else None
        found = received(study, instances=few, averages=self.averages.get(uid, 1))
        return Retrieved(found.received, found.outcome, etag)

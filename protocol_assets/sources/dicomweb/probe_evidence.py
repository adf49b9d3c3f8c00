"""What a probe has found so far: sentences for people, measured properties for the profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from protocol_assets.sources.dicomweb.probe_report import Finding, Verdict
from protocol_assets.sources.dicomweb.profile import SiteProfile
from protocol_assets.sources.errors import PacsError

__all__ = ["Evidence", "Judgement"]


@dataclass(frozen=True)
class Judgement:
    """What one answer shows.

    Attributes:
        findings: In words.
        known: Fields of the profile.
    """

    findings: tuple[Finding, ...]
    known: Mapping[str, Any] = field(default_factory=dict)


class Evidence:
    """Collects what the questions of a probe bring.

    Attributes:
        findings: In the order in which they were made.
        known: Fields of the profile that were measured.
        is_compressed: Whether an answer came compressed.
        retrievals: The ways in which metadata can be retrieved: ``study``, ``series``.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.known: dict[str, Any] = {}
        self.is_compressed = False
        self.retrievals: set[str] = set()

    def say(self, item: str, verdict: Verdict, sentence: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(item, verdict, sentence))

    def add(self, judgement: Judgement) -> None:
        """Add what an answer shows."""
        self.findings += judgement.findings
        self.known |= judgement.known

    def attempt(self, item: str, question: Callable[[], None]) -> None:
        """Run one question; if the PACS fails, this is the finding."""
        try:
            question()
        except PacsError as error:
            self.say(item, "warn", str(error))

    def profile(self, documented: SiteProfile, today: date) -> SiteProfile | None:
        """What was measured, in place of what the product's documentation says.

        Args:
            documented: The profile of the product.
            today: When it was measured.

        Returns:
            None if nothing can be retrieved: a profile would only get in the way.
        """
        if not self.retrievals:
            return None
        return replace(
            documented,
            **self.known,
            retrieval="study" if "study" in self.retrievals else "series",
            gzip=self.is_compressed,
            evidence="measured",
            source=f"protocol-assets probe, {today:%Y-%m-%d}",
        )

"""What a probe found, in words and for a machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from protocol_assets.sources.dicomweb.profile import SiteProfile

__all__ = ["Finding", "ProbeReport", "Verdict"]

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One thing found: a short term, a verdict, a plain sentence."""

    item: str
    verdict: Verdict
    sentence: str


@dataclass(frozen=True)
class ProbeReport:
    """All that was found, in the order it was asked.

    Attributes:
        pacs: The configured name.
        findings: In words.
        profile: What the extractor keeps to; None if too little was found.
    """

    pacs: str
    findings: tuple[Finding, ...]
    profile: SiteProfile | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings."""
        order: tuple[Verdict, ...] = ("fail", "warn", "ok")
        return next(term for term in order if term in {f.verdict for f in self.findings} | {"ok"})

    def to_json(self) -> dict[str, Any]:
        """For a machine."""
        return {
            "pacs": self.pacs,
            "verdict": self.verdict,
            "findings": [asdict(one) for one in self.findings],
            "profile": self.profile.to_json() if self.profile else None,
        }

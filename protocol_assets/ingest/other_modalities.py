"""Studies that the listing calls another modality: which of them contain a wanted one anyway.

ModalitiesInStudy may be outdated, and a proxy or an index may show only its first value. So a study
is not left out because of the listing alone: its series are looked up once, and again when its row
in the listing changes. A PACS lists many more such studies than wanted ones,
so this is done for a few of a day: those that the PACS itself finds by the wanted modality, those
that list nothing but companions (KO, PR, SR and the like), and a sample of the rest. If one of
the latter two shows that the listing is wrong, all studies of the day are looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.lake.manifest import Manifest, OtherStudy
from protocol_assets.sources.dicomweb.client import DayListing, PacsClient
from protocol_assets.sources.dicomweb.reconcile import ListedStudy, fingerprint
from protocol_assets.sources.dicomweb.rows import has_only_companions
from protocol_assets.sources.errors import PacsError

__all__ = ["LOOKED_UP_AT_ONCE", "ModalityReview", "followed_studies"]

LOOKED_UP_AT_ONCE: Final = 20
"""Most studies of one day and landing whose series are looked up while the listing is believed."""

_FAILURES_THAT_END: Final = 3
_ABOUT_THE_PACS: Final = ("held", "busy", "unauthorized", "forbidden", "unreachable")


def followed_studies(
    listing: DayListing, manifest: Manifest | None, pseudonyms: Pseudonyms
) -> tuple[ListedStudy, ...]:
    """The studies of which a change matters: wanted ones, and others that may contain one.

    The others are the companions, and studies that landed although listed as another modality.
    """
    landed = _landed_names(manifest)
    return (
        *listing.studies,
        *(one for one in listing.others if is_followed(one, landed, pseudonyms)),
    )


def is_followed(study: ListedStudy, landed: set[str], pseudonyms: Pseudonyms) -> bool:
    """Whether a study of another modality counts in the day's fingerprint."""
    return has_only_companions(study) or (
        pseudonyms.of("study", study.study_instance_uid) in landed
    )


def _landed_names(manifest: Manifest | None) -> set[str]:
    entries = manifest.studies if manifest else ()
    return {entry.name for entry in entries if entry.state != "gone"}


@dataclass
class ModalityReview:
    """The review of one day's listing.

    Attributes:
        client: The PACS.
        pseudonyms: Name the studies.
        previous: The partition's last manifest.
        force: Look up again what is already known.
        wanted: After ``review``: the studies to land.
        others: After ``review``: the studies left out.
    """

    client: PacsClient
    pseudonyms: Pseudonyms
    previous: Manifest | None
    force: bool = False
    wanted: list[ListedStudy] = field(default_factory=list, init=False)
    others: list[OtherStudy] = field(default_factory=list, init=False)
    _suspects: frozenset[str] = field(default=frozenset(), init=False)
    _is_believed: bool = field(default=True, init=False)
    _looked_up: int = field(default=0, init=False)
    _failures: int = field(default=0, init=False)

    def review(self, listing: DayListing) -> None:
        """Decide which studies to land. A failure of the PACS leaves a study out, unverified."""
        self.wanted += listing.studies
        unknown = [study for study in listing.others if not self._is_settled(study)]
        for study in self._in_turn(listing, unknown):
            holds = self._holds_wanted(study)
            if holds or (holds is None and not self._is_believed):
                self.wanted.append(study)
            else:
                self.others.append(self._other(study, is_verified=holds is False))

    def _is_settled(self, study: ListedStudy) -> bool:
        """Whether an earlier landing decided about the study, or it cannot be asked for."""
        other = self._other(study, is_verified=True)
        before = {one.name: one for one in self.previous.others} if self.previous else {}
        if not study.study_instance_uid:
            self.others.append(self._other(study, is_verified=False))
        elif other.name in _landed_names(self.previous):
            self.wanted.append(study)
        elif before.get(other.name) == other and not self.force:
            self.others.append(other)
        else:
            return False
        return True

    def _in_turn(self, listing: DayListing, unknown: Sequence[ListedStudy]) -> list[ListedStudy]:
        """Suspects first, then companions, then the rest in a random but fixed order."""
        if len(unknown) > LOOKED_UP_AT_ONCE:
            self._suspects = self._found_by_filter(listing)

        def turn(study: ListedStudy) -> tuple[bool, bool, str]:
            return (
                study.study_instance_uid not in self._suspects,
                not has_only_companions(study),
                self.pseudonyms.of("study", study.study_instance_uid),
            )

        return sorted(unknown, key=turn)

    def _found_by_filter(self, listing: DayListing) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        try:
            for modality in self.client.endpoint.modalities:
                found |= self.client.studies_by_filter(listing.day, modality)
        except PacsError:
            return frozenset()  # the filter is not offered
        return found

    def _holds_wanted(self, study: ListedStudy) -> bool | None:
        """Whether its series are of a wanted modality; None if not asked or not reported."""
        is_suspect = study.study_instance_uid in self._suspects
        if self._failures >= _FAILURES_THAT_END:
            return None
        if self._is_believed and not is_suspect and self._looked_up >= LOOKED_UP_AT_ONCE:
            return None
        self._looked_up += 1
        try:
            holds = self.client.holds_wanted(study)
        except PacsError as error:
            is_over = error.kind in _ABOUT_THE_PACS and not error.is_put_off
            self._failures += _FAILURES_THAT_END if is_over else 1
            return None
        if is_suspect and not holds:
            self._suspects = frozenset()  # the filter is ignored, so it points to no study
        if holds and not is_suspect:
            self._is_believed = False
        return holds

    def _other(self, study: ListedStudy, *, is_verified: bool) -> OtherStudy:
        modalities = "\\".join(study.modalities)
        return OtherStudy(
            name=self.pseudonyms.of("study", study.study_instance_uid)
            if study.study_instance_uid
            else "",
            mark=self.pseudonyms.of("listing", f"{fingerprint(study)}|{modalities}"),
            is_verified=is_verified,
        )

"""The versions that every partition carries, so that outdated ones are found and rebuilt."""

from __future__ import annotations

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import policy_version
from protocol_assets.dicom.columns import spec_version
from protocol_assets.modalities.spec import Modality

__all__ = ["code_versions", "partition_versions"]


def code_versions(modality: Modality) -> dict[str, str]:
    """``spec_version``, ``rules_version`` and ``policy_version`` as of now."""
    return {
        "spec_version": spec_version(modality.series_columns),
        "rules_version": modality.rules_version(),
        "policy_version": policy_version(modality.facts_columns),
    }


def partition_versions(modality: Modality, pseudonyms: Pseudonyms) -> dict[str, str]:
    """``code_versions`` and ``key_id`` as of now."""
    return code_versions(modality) | {"key_id": pseudonyms.key_id}

"""The versions that every cell carries, so that stale ones can be told and made anew."""

from __future__ import annotations

from protocol_assets.deidentify.keys import Pseudonyms
from protocol_assets.deidentify.policy import policy_version
from protocol_assets.dicom.columns import spec_version
from protocol_assets.protocols.description import rules_version

__all__ = ["cell_versions"]


def cell_versions(pseudonyms: Pseudonyms) -> dict[str, str]:
    """``spec_version``, ``rules_version``, ``policy_version`` and ``key_id`` as of now."""
    return {
        "spec_version": spec_version(),
        "rules_version": rules_version(),
        "policy_version": policy_version(),
        "key_id": pseudonyms.key_id,
    }

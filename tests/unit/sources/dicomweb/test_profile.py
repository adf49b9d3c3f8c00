"""Site profiles: what ships, and what the probe writes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from protocol_assets.sources.dicomweb.endpoint import Endpoint
from protocol_assets.sources.dicomweb.profile import SiteProfile, product_profiles


def test_what_ships_says_where_it_is_from() -> None:
    shipped = product_profiles()
    assert shipped.keys() == {
        "unknown",
        "orthanc",
        "dcm4chee-arc",
        "google-healthcare",
        "aws-healthimaging",
        "microsoft",
    }
    for name, profile in shipped.items():
        if name not in ("unknown", "orthanc"):
            assert profile.evidence == "from documentation, untested"
            assert "https://" in profile.source
    assert shipped["aws-healthimaging"].retrieval == "series"
    assert shipped["orthanc"].evidence == "tested"


@pytest.mark.parametrize("profile", product_profiles().values(), ids=lambda one: one.product)
def test_written_and_read_again(profile: SiteProfile) -> None:
    assert SiteProfile.from_json(json.loads(json.dumps(profile.to_json()))) == profile


@pytest.mark.parametrize(
    "content", [None, [], {"what": 1}, {"retrieval": "whole"}, {"page_size": "many"}]
)
def test_what_is_no_profile_is_refused(content: Any) -> None:
    with pytest.raises(ValueError, match="run protocol-assets probe again"):
        SiteProfile.from_json(content)


def test_the_endpoint_pages_as_the_profile_says_unless_it_is_told_otherwise() -> None:
    def rows(**options: Any) -> int:
        return Endpoint("main", "https://pacs.example/rs", **options).rows_a_page

    assert rows() == 100
    assert rows(profile=SiteProfile(page_size=50)) == 50
    assert rows(profile=SiteProfile(page_size=50), page_size=20) == 20

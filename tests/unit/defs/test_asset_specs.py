"""The owner, kind, description and deadline that the UI shows for an asset."""

from __future__ import annotations

from protocol_assets.app.deployment import Deployment
from protocol_assets.definitions import build_definitions
from protocol_assets.settings import Settings


def test_every_asset_says_whose_and_what_it_is(settings: Settings) -> None:
    specs = list(build_definitions(Deployment(settings)).resolve_all_asset_specs())
    assert specs
    for spec in specs:
        assert spec.owners, spec.key
        assert spec.kinds, spec.key
        assert spec.group_name, spec.key
        assert spec.description, spec.key


def test_what_people_see_has_a_deadline(settings: Settings) -> None:
    specs = build_definitions(Deployment(settings)).resolve_all_asset_specs()
    timed = {one.key.to_user_string() for one in specs if one.freshness_policy}
    assert {"nex_monthly", "published_opportunities", "published_marts", "chief_report"} <= timed
    assert not timed & {"series_facts", "fct_series", "report_mail"}

"""Builds the endpoint of a PACS from its settings, credentials and measured profile."""

from __future__ import annotations

from collections.abc import Mapping

from protocol_assets.settings import ConfigurationError, PacsSettings
from protocol_assets.settings.hours import Hours
from protocol_assets.settings.values import secret
from protocol_assets.sources.dicomweb.endpoint import ClientGrant, Endpoint
from protocol_assets.sources.dicomweb.profile import SiteProfile, product_profiles
from protocol_assets.sources.rate_limit.pacing import RateLimits

__all__ = ["endpoint_of", "rate_limits_of"]


def rate_limits_of(pacs: PacsSettings) -> RateLimits:
    """How often, and at which hours, a PACS may be asked."""
    return RateLimits(
        requests_per_second=pacs.requests_per_second,
        hours=tuple(map(Hours.parse, pacs.hours)),
        maintenance=tuple(map(Hours.parse, pacs.maintenance)),
        timezone=pacs.timezone or "UTC",
        wake_nearline=pacs.wake_nearline,
        recheck_days=pacs.recheck_days,
        max_wait_s=pacs.max_wait_s,
    )


def endpoint_of(
    pacs: PacsSettings, environment: Mapping[str, str], measured: SiteProfile | None = None
) -> Endpoint:
    """The endpoint of a PACS.

    Args:
        pacs: Its settings.
        environment: The variables with the credentials.
        measured: The measured profile; it takes precedence over the product's profile.

    Raises:
        ConfigurationError: A named variable is not set, or the URL cannot be used.
    """

    def credential(variable: str | None) -> str | None:
        if variable is None:
            return None
        what = "the credential the PACS expects"
        return secret(environment, variable, whose=f"PACS {pacs.name}", what=what)

    grant = None
    if pacs.oauth_token_url is not None:
        grant = ClientGrant(
            pacs.oauth_token_url,
            credential(pacs.oauth_client_id_env) or "",
            credential(pacs.oauth_client_secret_env) or "",
            pacs.oauth_scope,
        )
    problem = ""
    try:
        return Endpoint(
            name=pacs.name,
            url=pacs.url,
            modalities=pacs.modalities,
            username=credential(pacs.username_env),
            password=credential(pacs.password_env),
            token=credential(pacs.token_env),
            read_token=lambda: credential(pacs.token_env) or "",
            oauth=grant,
            ca_file=pacs.ca_file,
            client_cert_file=pacs.client_cert_file,
            client_key_file=pacs.client_key_file,
            workers=pacs.workers,
            page_size=pacs.page_size,
            request_timeout_s=pacs.request_timeout_s,
            deadline_s=pacs.deadline_s,
            max_body_mb=pacs.max_body_mb,
            rate_limits=rate_limits_of(pacs),
            profile=measured or product_profiles()[pacs.profile or "unknown"],
        )
    except ValueError as error:
        problem = str(error)
    raise ConfigurationError(problem)

"""One line to one webhook: JSON with a field ``text``, as Slack and Mattermost read it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import urllib3

from protocol_assets.delivery.errors import DeliveryError, trusting
from protocol_assets.plain_text import show_text
from protocol_assets.sources.dicomweb.endpoint import is_on_loopback
from protocol_assets.sources.dicomweb.transport import silence_libraries

__all__ = ["Webhook", "post"]

_TIMEOUT_S: Final = 10.0
_TRIED_AGAIN: Final = (408, 425, 429)

# Such services read <url|name> and <!channel> as links and calls, @all as a call to everybody.
# They and Mattermost read [text](url), `code` and ![picture](url) as Markdown.
_NO_MARKUP: Final = str.maketrans(
    {"<": "‹", ">": "›", "&": "+", "@": "＠", "[": "［", "]": "］", "`": "ˋ"}
)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where lines are posted.

    Attributes:
        url: HTTPS, or any on loopback. It holds the token, so it is a secret as a whole.
        ca_file: Authorities to trust in place of the system's.

    Raises:
        ValueError: The URL cannot be used; the text does not quote it.
    """

    url: str = field(repr=False)
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what would be sent in the clear."""
        try:
            parts = urlsplit(self.url)
            is_usable = bool(parts.hostname) and self.url.isascii() and self.url.isprintable()
        except ValueError:
            is_usable = False
        if not is_usable or " " in self.url:
            raise ValueError("the webhook's URL is no URL")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_on_loopback(self.url)):
            raise ValueError("the webhook's URL must begin with https://")


def post(webhook: Webhook, text: str, *, commit: Callable[[], None] = lambda: None) -> None:
    """Post a text. Redirects are not followed, the environment's proxies are not consulted.

    Args:
        webhook: Where to.
        text: Plain; markup in it is made harmless.
        commit: Called just before it may be sent.

    Raises:
        DeliveryError: It was not taken, or nobody knows.
    """
    silence_libraries()
    shown = "\n".join(map(show_text, text.split("\n")))  # a message may have several lines
    content = json.dumps({"text": shown.translate(_NO_MARKUP)}).encode()
    status, problem = 0, None
    with _pool(webhook) as pool:
        commit()  # what fails here is no fault of the webhook
        try:
            status = _status(pool, webhook, content)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            problem = _judged(error)
    # Outside of the block, so that the URL does not come along in the error's context.
    if problem is not None:
        raise problem
    if not 200 <= status < 300:
        raise _by_status(status)


def _pool(webhook: Webhook) -> urllib3.HTTPConnectionPool:
    parts = urllib3.util.parse_url(webhook.url)
    host, timeout = parts.host or "", urllib3.Timeout(connect=_TIMEOUT_S, read=_TIMEOUT_S)
    if parts.scheme == "http":
        return urllib3.HTTPConnectionPool(host, parts.port, timeout=timeout)
    context = trusting(webhook.ca_file, "the webhook")
    return urllib3.HTTPSConnectionPool(host, parts.port, timeout=timeout, ssl_context=context)


def _status(pool: urllib3.HTTPConnectionPool, webhook: Webhook, content: bytes) -> int:
    answer = pool.urlopen(
        "POST",
        urllib3.util.parse_url(webhook.url).request_uri,
        body=content,
        headers={"Content-Type": "application/json"},
        retries=False,
        redirect=False,
        preload_content=False,
    )
    answer.close()
    return answer.status


def _judged(error: urllib3.exceptions.HTTPError | OSError) -> DeliveryError:
    if isinstance(error, urllib3.exceptions.SSLError | ssl.SSLError):
        return DeliveryError(
            "certificate",
            "the webhook's certificate is not trusted or for another name; "
            "name its authority in ca_file",
        )
    if isinstance(
        error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    ):
        return DeliveryError(
            "unreachable",
            "the webhook cannot be reached; look at its URL and the firewall",
            is_passing=True,
        )
    return DeliveryError(
        "unknown",
        "the webhook did not answer: nobody knows whether the line arrived",
        is_unknown=True,
    )


def _by_status(status: int) -> DeliveryError:
    if status >= 500 or status in _TRIED_AGAIN:
        return DeliveryError(
            "busy", f"the webhook cannot take it now ({status}); it is tried again", is_passing=True
        )
    if 300 <= status < 400:
        return DeliveryError(
            "redirect", f"the webhook redirects ({status}); give the URL that it is at"
        )
    return DeliveryError(
        "rejected", f"the webhook refused the line ({status}); make a new URL for it"
    )

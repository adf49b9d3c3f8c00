"""WADO-RS metadata of a study, a series or an instance, each in one answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dicomweb_client import DICOMwebClient

from protocol_assets.sources.dicomweb.body import Row
from protocol_assets.sources.dicomweb.request_context import RequestContext
from protocol_assets.sources.errors import PacsError

__all__ = ["MetadataRequests", "Take"]

Take = Callable[[Row], Any]
"""What is kept of each instance."""


@dataclass(frozen=True)
class MetadataRequests:
    """Asks for metadata.

    Attributes:
        dicomweb: The client of dicomweb-client.
        context: The settings of a thread's requests.
        ask: Runs one request; its errors may be logged.
    """

    dicomweb: DICOMwebClient
    context: RequestContext
    ask: Callable[[Callable[[], list[Any]]], list[Any]]

    def of_study(self, study_uid: str, take: Take) -> list[Any]:
        """What ``take`` makes of all instances of a study."""
        with self.context.taking(take):
            return self.ask(lambda: self.dicomweb.retrieve_study_metadata(study_uid))

    def of_series(self, study_uid: str, series_uid: str, take: Take) -> list[Any]:
        """What ``take`` makes of all instances of a series."""
        with self.context.taking(take):
            return self.ask(lambda: self.dicomweb.retrieve_series_metadata(study_uid, series_uid))

    def of_instance(self, study_uid: str, series_uid: str, sop_uid: str, take: Take) -> list[Any]:
        """What ``take`` makes of one instance; none if the answer is empty."""

        def get() -> list[Any]:
            return [self.dicomweb.retrieve_instance_metadata(study_uid, series_uid, sop_uid)]

        try:
            with self.context.taking(take):
                return self.ask(get)
        except PacsError as error:
            if error.detail != IndexError.__name__:  # dicomweb-client's word for an empty answer
                raise
        return []

"""A scan as its scanner would store it."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from protocol_assets_simulator.classic import encode_classic, serialise_classic
from protocol_assets_simulator.dicom_json import DicomJson
from protocol_assets_simulator.documents import encode_phoenix, encode_report
from protocol_assets_simulator.enhanced import encode_enhanced
from protocol_assets_simulator.scan import Scan


def encode(scan: Scan, base: str = "") -> Iterator[DicomJson]:
    """The instances of a scan in the DICOM JSON model, `scan.instances` of them.

    Args:
        scan: Any scan of a study.
        base: Root of the DICOMweb service, for BulkDataURI.
    """
    match scan.purpose:
        case "report":
            return encode_report(scan)
        case "phoenix":
            return encode_phoenix(scan)
        case _ if scan.is_enhanced:
            return encode_enhanced(scan, base)
        case _:
            return encode_classic(scan, base)


def serialise(scan: Scan, base: str = "") -> Iterator[bytes]:
    """The same instances as JSON text, several times as fast where a series holds many."""
    if scan.is_enhanced or scan.purpose in ("report", "phoenix"):
        return map(orjson.dumps, encode(scan, base))
    return serialise_classic(scan, base)

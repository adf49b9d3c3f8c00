"""The demo's deployment: what a hospital configures, names and signs."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from protocol_assets.app.deployment import Deployment
from protocol_assets.demo.fleets import write_fleet
from protocol_assets.governance.findings import findings_file
from protocol_assets.governance.lines import write_lines
from protocol_assets.governance.scanners import ScannerName, name_scanner
from protocol_assets.governance.targets import TARGETS_SCHEMA, targets_file
from protocol_assets.lake.zones import Lake
from protocol_assets.modalities.shared.scanners import device_id
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE
from protocol_assets.storage.files import (
    OPEN_FILE,
    delete,
    delete_tree,
    make_directory,
    write_bytes,
)
from protocol_assets.storage.locks import editing
from protocol_assets_simulator import Fleet
from protocol_assets_simulator.targets import signed_targets

__all__ = ["make_deployment", "name_scanners", "sign_targets", "write_configuration"]

_CONFIGURATION: Final = """\
# Simulated scanners on this machine. Made by `protocol-assets demo`.
home = "home"
timezone = "{timezone}"
start_date = {start}
end_date = {end}
"""
_PACS: Final = """
[[pacs]]
name = "{name}"
url = "{url}"
requests_per_second = 1000    # for the simulator; the default for a hospital's PACS is 20
"""
_TIMEZONE: Final = "Europe/Berlin"
"""Of the simulator's clocks."""
_MARKER: Final = "This home contains simulated data. The demo's key works here.\n"


def make_deployment(folder: Path, fleet: Fleet, urls: Mapping[str, str]) -> Deployment:
    """Write the configuration of the demo, and prepare its home.

    Args:
        folder: The demo's folder.
        fleet: What the PACS hold.
        urls: The DICOMweb root of each PACS by its name.
    """
    make_directory(folder, 0o755)
    write_configuration(folder, (fleet.start, fleet.end), _TIMEZONE, urls)
    write_fleet(folder, fleet)
    deployment = Deployment.load()
    deployment.lake.prepare()
    write_bytes(deployment.lake.demo_marker, _MARKER.encode(), mode=OPEN_FILE)
    delete_tree(deployment.lake.publish / "reports")
    # The demo shows the results of this version and decides anew, whatever an earlier one did.
    delete_tree(deployment.lake.local_path(deployment.lake.publications))
    delete(findings_file(deployment.lake))
    return deployment


def write_configuration(
    folder: Path, period: tuple[dt.date, dt.date], timezone: str, urls: Mapping[str, str]
) -> None:
    """Write the configuration of simulated PACS, and let the environment name it.

    Args:
        folder: The folder of the configuration; the home becomes a folder of it.
        period: The first and the last study day.
        timezone: Time zone of the scanners.
        urls: The DICOMweb root of each PACS by its name.
    """
    text = _CONFIGURATION.format(timezone=timezone, start=period[0], end=period[1])
    text += "".join(_PACS.format(name=name, url=url) for name, url in urls.items())
    path = folder / "protocol_assets.toml"
    write_bytes(path, text.encode(), mode=OPEN_FILE)
    os.environ.pop(HOME_VARIABLE, None)
    os.environ[CONFIG_VARIABLE] = str(path)


def name_scanners(deployment: Deployment, fleet: Fleet) -> None:
    """Name the scanners of the fleet, as a hospital would; a new serial number is named anew."""
    pseudonyms = deployment.pseudonyms()
    for site in fleet.sites:
        own = [n for n, one in enumerate(fleet.scanners) if one.site.name == site]
        for number, place in enumerate(own, start=1):
            scanner = fleet.scanners[place]
            last = fleet.scanner_on(place, fleet.end).serial
            for again, serial in enumerate(dict.fromkeys([scanner.serial, last])):
                row = {"Manufacturer": scanner.manufacturer, "DeviceSerialNumber": serial}
                key = pseudonyms.of("device", device_id(row) or "")
                name = f"{site.title()} MR {number}{' (new)' * again}"
                name_scanner(deployment.lake, ScannerName(key, name, site.title()))


def sign_targets(fleet: Fleet, lake: Lake) -> None:
    """Write the signed targets of the sites into the governance file."""
    columns = tuple(TARGETS_SCHEMA.names)
    rows = [
        {
            "target": f"coils-{number}",
            "version": 1,
            "model": one.scope_model,
            "vendor": one.scope_vendor,
            "field_strength_class_t": one.scope_field_t,
            "anatomy": one.anatomy,
            "role": one.role,
            "contrast_phase": one.contrast_phase,
            "dimension": one.dimension,
            "reconstruction": one.scope_reconstruction or "standard",
            "parameter": "effective_averages",
            "value": one.effective_averages_target,
            "valid_from": one.valid_from,
            "valid_to": one.valid_to,
            "approved_by": one.approver,
            "approved_on": one.valid_from,
            "reason": one.reason,
        }
        for number, one in enumerate(signed_targets(fleet), start=1)
    ]
    path = targets_file(lake)
    with editing(path):
        write_lines(path, columns, ([row.get(name) for name in columns] for row in rows))

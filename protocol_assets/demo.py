"""The demo: simulated scanners, served over HTTP, landed, analysed and reported; fixed days."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from protocol_assets.faults import Fault
from protocol_assets.reports.figures import published_figures
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE, Settings
from protocol_assets.simulator import Fleet, SimulatedPacs
from protocol_assets.steward.scanners import ScannerName, name_scanner
from protocol_assets.vendors.identify import device_id

__all__ = ["DEMO_FLEET", "run_demo"]

DEMO_FLEET: Final = Fleet()
PORT: Final = 8971

_CONFIGURATION: Final = """\
# The demo's deployment: simulated scanners on this machine. Made by `protocol-assets demo`.
home = "home"
timezone = "Europe/Berlin"
start_date = {start}
end_date = {end}
"""
_PACS: Final = """
[[pacs]]
name = "{name}"
url = "{url}"
requests_per_second = 1000    # it is a simulator; a hospital's PACS is asked 20 times a second
"""
_MARKER: Final = "This home holds simulated data; the demo's key works here.\n"


def run_demo(directory: Path, tell: Any, out: Console) -> bool:
    """Run the demo into ``directory`` and print its KPIs.

    Returns:
        Whether every cell landed.

    Raises:
        Fault: Warehouse or report failed.
    """
    from protocol_assets.runs import Runner

    with SimulatedPacs(DEMO_FLEET, port=_free(PORT)) as server:
        settings = _settings(directory, server)
        runner = Runner(settings, tell)
        outcomes = [
            outcome
            for one in settings.pacs
            for outcome in runner.cells(one.name, DEMO_FLEET.start, DEMO_FLEET.end)
        ]
        _name_scanners(settings)
        problem = runner.report()
    landed = sum(outcome.state == "landed" for outcome in outcomes)
    out.print(f"{landed} of {len(outcomes)} cells landed")
    if problem:
        raise Fault(f"warehouse and report: {problem}")
    _print_kpis(settings, out)
    return landed == len(outcomes)


def _settings(directory: Path, server: SimulatedPacs) -> Settings:
    directory.mkdir(exist_ok=True)
    text = _CONFIGURATION.format(start=DEMO_FLEET.start, end=DEMO_FLEET.end)
    text += "".join(_PACS.format(name=site, url=server.url(site)) for site in DEMO_FLEET.sites)
    path = directory / "protocol_assets.toml"
    path.write_text(text, encoding="utf-8")
    os.environ.pop(HOME_VARIABLE, None)
    os.environ[CONFIG_VARIABLE] = str(path)
    settings = Settings.load()
    settings.lake.prepare()
    settings.lake.demo_marker.write_text(_MARKER, encoding="utf-8")
    shutil.rmtree(settings.lake.publish / "reports", ignore_errors=True)
    # A demo shows what this version makes of its days, not what an earlier one has published.
    shutil.rmtree(settings.lake.publications, ignore_errors=True)
    return settings


def _name_scanners(settings: Settings) -> None:
    """Name the fleet's scanners, as the steward of a hospital would."""
    pseudonyms = settings.pseudonyms()
    for site in DEMO_FLEET.sites:
        scanners = [one for one in DEMO_FLEET.scanners if one.site.name == site]
        for number, scanner in enumerate(scanners, start=1):
            row = {"Manufacturer": scanner.manufacturer, "DeviceSerialNumber": scanner.serial}
            key = pseudonyms.of("device", device_id(row) or "")
            name_scanner(
                settings.lake, ScannerName(key, f"{site.title()} MR {number}", site.title())
            )


def _free(port: int) -> int:
    """The port, or 0 for any where another program has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _print_kpis(settings: Settings, out: Console) -> None:
    shown = published_figures(settings.lake, [one.name for one in settings.pacs])
    if shown.day is None or shown.fleet is None or shown.fleet["is_suppressed"]:
        raise Fault("the demo has no complete day; remove the folder demo and run it again")
    fleet = shown.fleet
    out.print(f"\nThe fleet on {shown.day}", style="bold")
    for name, text in (
        ("mean NEX", f"{fleet['nex_mean']:.2f} (known for {fleet['nex_coverage']:.0%})"),
        (
            "acquisitions",
            f"{fleet['acquisitions']}, of them above NEX 1 {fleet['share_above_1']:.0%}",
        ),
        ("scan time", f"{fleet['acquisition_time_sum_s'] / 3600:.1f} h"),
        ("exams", f"{fleet['exams']}, median span {fleet['exam_span_median_s'] / 60:.1f} min"),
    ):
        out.print(f"  {name:<14}{text}")
    table = Table(title=f"Highest NEX in {shown.month:%B %Y}", title_justify="left", box=None)
    for heading in ("scanner", "protocol", "mean NEX", "known", "acquisitions"):
        table.add_column(heading, justify="left" if heading in ("scanner", "protocol") else "right")
    for row in shown.protocols[:5]:
        table.add_row(
            row.scanner,
            row.protocol or "",
            f"{row.nex_mean:.2f}",
            f"{row.coverage:.0%}",
            str(row.acquisitions),
        )
    out.print(table)
    out.print(f"\nreport: {settings.lake.report(shown.day) / 'report.html'}", soft_wrap=True)

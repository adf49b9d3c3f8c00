"""The demo: simulated scanners are served over HTTP, landed, analysed and reported.

This is the only module that imports the simulator, which is a package of its own and is installed
by the ``demo`` extra. Commands import this module when they need it.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any, Final

from protocol_assets.app.deployment import Deployment
from protocol_assets.faults import Fault
from protocol_assets.figures.published import published_figures
from protocol_assets.governance.lines import write_lines
from protocol_assets.governance.scanners import ScannerName, name_scanner
from protocol_assets.governance.targets import TARGETS_SCHEMA, targets_file
from protocol_assets.lake.zones import Lake
from protocol_assets.modalities.shared.scanners import device_id
from protocol_assets.settings import CONFIG_VARIABLE, HOME_VARIABLE
from protocol_assets.storage.files import (
    OPEN_FILE,
    delete_tree,
    make_directory,
    write_bytes,
)
from protocol_assets.storage.locks import editing
from protocol_assets.terminal import TextTable, say

try:
    from protocol_assets_simulator import Fleet, SimulatedPacs, write_truth
    from protocol_assets_simulator.comparison import (
        judged,
        linked,
        places,
        potential_scores,
        read_truth,
    )
    from protocol_assets_simulator.targets import signed_targets
except ModuleNotFoundError as missing:
    if missing.name != "protocol_assets_simulator":
        raise
    raise Fault(
        "The simulator is not installed. The demo and `protocol-assets simulate` need the package"
        " protocol-assets-simulator: pip install 'protocol-assets[demo]'"
    ) from None

__all__ = ["DEMO_FLEET", "Fleet", "SimulatedPacs", "run_demo", "sign_targets", "write_truth"]

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
requests_per_second = 1000    # for the simulator; the default for a hospital's PACS is 20
"""
_MARKER: Final = "This home contains simulated data. The demo's key works here.\n"


def run_demo(directory: Path, tell: Any, fleet: Fleet = DEMO_FLEET) -> bool:
    """Run the demo into ``directory`` and print its KPIs.

    Args:
        directory: Folder of the configuration and the home.
        tell: Called with partition, studies done and studies listed.
        fleet: The simulated scanners and their days.

    Returns:
        Whether every partition landed.

    Raises:
        Fault: The warehouse or the report failed.
    """
    from protocol_assets.runner import Runner

    with SimulatedPacs(fleet, port=_free(PORT)) as server:
        deployment = _deployment(directory, fleet, server)
        runner = Runner(deployment, tell)
        outcomes = [
            outcome
            for one in deployment.settings.pacs
            for outcome in runner.ingest(one.name, fleet.start, fleet.end)
        ]
        _name_scanners(deployment, fleet)
        sign_targets(fleet, deployment.lake)
        problem = runner.report()
    landed = sum(outcome.state == "landed" for outcome in outcomes)
    say(f"{landed} of {len(outcomes)} partitions landed")
    if problem:
        raise Fault(f"warehouse and report: {problem}")
    _print_kpis(deployment)
    _print_scores(deployment, fleet)
    return landed == len(outcomes)


def _deployment(directory: Path, fleet: Fleet, server: SimulatedPacs) -> Deployment:
    make_directory(directory, 0o755)
    text = _CONFIGURATION.format(start=fleet.start, end=fleet.end)
    text += "".join(_PACS.format(name=site, url=server.url(site)) for site in fleet.sites)
    path = directory / "protocol_assets.toml"
    write_bytes(path, text.encode(), mode=OPEN_FILE)
    os.environ.pop(HOME_VARIABLE, None)
    os.environ[CONFIG_VARIABLE] = str(path)
    deployment = Deployment.load()
    deployment.lake.prepare()
    write_bytes(deployment.lake.demo_marker, _MARKER.encode(), mode=OPEN_FILE)
    delete_tree(deployment.lake.publish / "reports")
    # The demo shows the results of this version, not those that an earlier one has published.
    delete_tree(deployment.lake.local_path(deployment.lake.publications))
    return deployment


def _name_scanners(deployment: Deployment, fleet: Fleet) -> None:
    """Name the scanners of the fleet, as a hospital would."""
    pseudonyms = deployment.pseudonyms()
    for site in fleet.sites:
        scanners = [one for one in fleet.scanners if one.site.name == site]
        for number, scanner in enumerate(scanners, start=1):
            row = {"Manufacturer": scanner.manufacturer, "DeviceSerialNumber": scanner.serial}
            key = pseudonyms.of("device", device_id(row) or "")
            name_scanner(
                deployment.lake, ScannerName(key, f"{site.title()} MR {number}", site.title())
            )


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


def _free(port: int) -> int:
    """Return the port, or 0 for any free port if another program uses it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _print_kpis(deployment: Deployment) -> None:
    shown = published_figures(deployment.lake, deployment.pacs_names)
    if shown.day is None or shown.fleet is None or shown.fleet["is_suppressed"]:
        raise Fault("the demo has no complete day; delete the folder demo, then run the demo again")
    fleet = shown.fleet
    say()
    say(f"The fleet on {shown.day}", style="bold")
    for name, text in (
        ("mean NEX", f"{fleet['nex_mean']:.2f} (known for {fleet['nex_coverage']:.0%})"),
        (
            "acquisitions",
            f"{fleet['acquisitions']}, {fleet['share_above_1']:.0%} of them above NEX 1",
        ),
        ("scan time", f"{fleet['acquisition_time_sum_s'] / 3600:.1f} h"),
        ("exams", f"{fleet['exams']}, median span {fleet['exam_span_median_s'] / 60:.1f} min"),
    ):
        say(f"  {name:<14}{text}")
    numbers = ("averages", "signal-to-noise", "minutes/month")
    title = "Largest potential savings"
    table = TextTable("scanner", "protocol", *numbers, title=title, right=numbers)
    for row in shown.potential.live[:5]:
        table.add_row(
            row["scanner_label"],
            row["protocol_label"],
            f"{row['averages']:.3g} -> {row['what_if_averages']:.3g}",
            f"{row['snr_change_percent']:+.0f} %",
            "not known" if row["minutes_per_month"] is None else f"{row['minutes_per_month']:.0f}",
        )
    table.show()
    say()
    say(f"report: {deployment.lake.local_path(deployment.lake.report(shown.day)) / 'report.html'}")


def _print_scores(deployment: Deployment, fleet: Fleet) -> None:
    """Print how far the opportunities agree with the truth of the simulated scanners."""
    import pandas as pd

    from protocol_assets.analysis.frame import prepared
    from protocol_assets.lake.analysis import read_mart, read_measured
    from protocol_assets.modalities.mr.spec import MR

    truth = read_truth(fleet, deployment.pseudonyms())
    acquisitions = read_measured(deployment.lake).acquisitions
    located = places(linked(acquisitions, prepared(acquisitions, MR.analysis), truth))
    assessed = pd.DataFrame(read_mart(deployment.lake, "opportunities"))
    judged_potential = judged(
        assessed.rename(columns={"assessment_state": "assessment"}), located, truth.protocols
    )
    score = potential_scores(judged_potential)
    say()
    say(
        f"Score against the truth: precision {score['precision']:.2f}, recall "
        f"{score['recall']:.2f}. {score['assessable']:.0f} of {score['n']:.0f} protocols have "
        "enough data to be assessed, because the demo is short and has few scanners. "
        "`make bench-poc` scores the full fleet.",
        is_wrapped=True,
    )

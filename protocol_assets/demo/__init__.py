"""The demo: simulated scanners are served over HTTP, landed, analysed, decided upon and reported.

This is the only package that imports the simulator, which is a package of its own and is installed
by the ``demo`` extra. Commands import this package when they need it.
"""

from __future__ import annotations

from protocol_assets.faults import Fault

try:
    from protocol_assets.demo.deployment import (
        make_deployment,
        sign_targets,
        write_configuration,
    )
    from protocol_assets.demo.fleets import SMALL_FLEET, YEAR_FLEET, read_fleet
    from protocol_assets.demo.run import run_demo
    from protocol_assets_simulator import Fleet, SimulatedPacs, write_truth
except ModuleNotFoundError as missing:
    if missing.name != "protocol_assets_simulator":
        raise
    raise Fault(
        "The simulator is not installed. The demo and `protocol-assets simulate` need the package"
        " protocol-assets-simulator: pip install 'protocol-assets[demo]'"
    ) from None

__all__ = [
    "SMALL_FLEET",
    "YEAR_FLEET",
    "Fleet",
    "SimulatedPacs",
    "make_deployment",
    "read_fleet",
    "run_demo",
    "sign_targets",
    "write_configuration",
    "write_truth",
]

"""A seeded fleet of MR scanners with known truth, served as a DICOMweb PACS on loopback."""

from protocol_assets_simulator.device_protocols import Variant
from protocol_assets_simulator.fleet import Fleet
from protocol_assets_simulator.server import Answer, Request, SimulatedPacs
from protocol_assets_simulator.truth import write_truth

__all__ = ["Answer", "Fleet", "Request", "SimulatedPacs", "Variant", "write_truth"]

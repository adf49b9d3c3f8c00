"""A fleet of a public university network, written without sight of the platform's rules."""

from benchmarks.fleets.a.fleet import UniversityNetwork

__all__ = ["FLEET", "UniversityNetwork"]

FLEET = UniversityNetwork

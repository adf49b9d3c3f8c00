"""A fleet of a public university network, written without sight of the platform's rules."""

from benchmarks.fleets.a.fleet import LongName

__all__ = ["FLEET", "LongName"]

FLEET = LongName

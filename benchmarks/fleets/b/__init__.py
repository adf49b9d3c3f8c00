"""A private outpatient radiology chain: a synthetic MR fleet whose truth is known."""

from benchmarks.fleets.b.fleet import OutpatientChain

__all__ = ["FLEET"]

FLEET = OutpatientChain

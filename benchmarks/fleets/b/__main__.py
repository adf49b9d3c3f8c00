"""Checks the fleet: ``python -m benchmarks.fleets.b [seed] [scanners] [studies]``."""

from __future__ import annotations

import sys

from benchmarks.fleets.b import FLEET
from benchmarks.fleets.b.check import check_fleet

if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]] or [1]
    check_fleet(FLEET(*numbers))

"""Fleets of other make than the simulator's, to measure on what the rules were not made on.

Each generator is written from the radiology alone, without the simulator or the analysis at hand,
and shares no code with them nor with another generator: only the form in ``contract``.
"""

"""``published_marts`` and ``chief_report``: what leaves the safe zone."""

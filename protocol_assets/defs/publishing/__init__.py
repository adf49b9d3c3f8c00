"""``published_marts`` and ``chief_report``: the data that leave the safe zone."""

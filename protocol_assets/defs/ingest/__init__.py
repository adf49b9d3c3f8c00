"""``raw_dicomweb``, ``series``, ``series_facts``, and the sensors that keep them current."""

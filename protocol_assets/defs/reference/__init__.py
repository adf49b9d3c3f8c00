"""``protocol_labels`` and ``reference_data``: governance files and terms as tables."""

"""``retention_purge``: what has outlived its retention is deleted once a day."""

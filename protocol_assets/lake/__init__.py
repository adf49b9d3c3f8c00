"""The lake: zones, atomic writes, locks, manifests, Parquet. The only room that knows paths."""

"""The composition root: wires settings, storage, clients and Dagster, and runs jobs in process."""

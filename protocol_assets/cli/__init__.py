"""The command line: thin verbs over the same assets that the Dagster UI shows."""

from protocol_assets.cli.main import cli, main

__all__ = ["cli", "main"]

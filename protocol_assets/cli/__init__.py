"""The command line. Its commands run the same assets that the Dagster UI shows."""

from protocol_assets.cli.main import cli, main

__all__ = ["cli", "main"]

"""The dashboard: pages for exploring what is published, and nothing else."""

"""The dbt models as assets, and the analysis between the two runs of dbt."""

"""One partition's way through the stages: landed, flattened, described and de-identified.

Each stage reads the result of the last one, calls the pure core, and writes a candidate or a part.
The package knows the PACS and the lake, but not Dagster.
"""

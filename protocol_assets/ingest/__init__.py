"""One partition's way through the stages: landed, flattened, described and de-identified.

Each stage reads what the last one left, calls the pure core, and writes a candidate or a part.
Knows the PACS and the lake, and nothing of Dagster.
"""

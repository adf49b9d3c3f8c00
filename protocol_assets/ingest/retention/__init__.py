"""Stored data over time: purge, erasure, new keys, and the accession number behind a pseudonym."""

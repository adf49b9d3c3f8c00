"""Stored data later on: purge, erasure, new keys, and the way back to an accession number."""

"""The shell: the only Dagster code. Asset bodies are sentences; the work is done elsewhere.

Modules with assets keep their annotations as objects (no postponed evaluation): Dagster resolves
them at run time, and a decorated body would resolve them in the decorator's module.
"""

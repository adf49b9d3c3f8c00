"""The only Dagster code. Asset bodies are short; the work is done in other packages.

Modules with assets do not postpone the evaluation of annotations. Dagster resolves them at run
time, and those of a decorated body would be resolved in the decorator's module.
"""

"""The suites of ``expectations/``, run over a table and answered in counts."""

"""Great Expectations: suites from ``expectations/``, run over a table, answered in counts."""

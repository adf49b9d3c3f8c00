"""Storage: ports for objects, tables, documents, locks, states and logs, implemented with files."""

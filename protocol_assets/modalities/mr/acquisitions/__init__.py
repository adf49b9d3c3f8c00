"""Which series one scan made, which of them count, and which scans were repeated."""

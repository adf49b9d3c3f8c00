"""``retention_purge`` deletes data whose time has ended; ``compacted_months`` stores old months."""

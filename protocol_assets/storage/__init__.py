"""Storage: the only place where files of data are written, renamed, synced, linked or deleted."""

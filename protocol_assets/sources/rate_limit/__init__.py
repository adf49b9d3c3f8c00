"""Rate limits of a PACS: pure pacing, and the state that processes share."""

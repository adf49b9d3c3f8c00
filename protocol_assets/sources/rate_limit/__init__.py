"""How often a PACS is asked: pure pacing, and the state that processes share."""

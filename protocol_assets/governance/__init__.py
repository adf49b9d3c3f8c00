"""The governance files: what the hospital decides, in CSV files it edits, checked line by line."""

"""The steward's files: what the hospital decides, in CSV files it edits, checked line by line."""

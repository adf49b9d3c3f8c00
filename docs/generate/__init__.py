"""What is generated from the specifications: ``make generate`` writes it, a test compares it."""

"""What a kind of data means: one folder per modality, and what all of them share."""

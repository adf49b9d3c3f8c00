"""What may be published: disclosure control, ledgers of what was published, and versions."""

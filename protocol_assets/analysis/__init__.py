"""What the acquisitions of a fleet tell together: potential, change, verification, drift. Pure."""

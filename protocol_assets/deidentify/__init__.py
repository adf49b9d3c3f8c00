"""De-identification: keys, policy, and the one projection out of the restricted zone. Pure."""

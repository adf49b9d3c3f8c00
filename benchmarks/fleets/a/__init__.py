"""A fleet of a public university network, written without sight of the rules."""

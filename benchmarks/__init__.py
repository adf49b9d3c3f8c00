"""Performance as paired ratios: both ways in one run on the same data."""

"""The role of a series: plane, weighting, fat suppression, contrast phase, with the evidence."""

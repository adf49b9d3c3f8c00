"""What the analysis of MR protocols needs to know of MR: averaging, acceleration, scan time."""

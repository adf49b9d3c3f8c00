"""MR protocol monitoring, from PACS to report."""

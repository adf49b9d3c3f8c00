"""Where data come from: one DICOMweb client per PACS, and the limits it is asked within."""

"""The guarded DICOMweb client: listing a day, retrieving studies, probing a PACS. Reads only."""

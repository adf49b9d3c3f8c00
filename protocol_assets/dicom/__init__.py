"""The DICOM JSON model, read: values, column specification, functional groups, flattening.

Pure: knows neither where the JSON comes from nor where the rows go.
"""

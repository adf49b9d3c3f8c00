"""What the report says: the figures in words, laid out by page, PDF and mail.

``blocks`` is what a report is built of, ``report`` puts it together, the others make its sections.
"""

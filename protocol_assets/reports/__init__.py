"""The daily report: the same content as an HTML page and as a PDF.

``figures`` takes the numbers from the published marts, ``content`` puts them into words (``texts``
reads these from ``data/report_<language>.csv``) and draws on ``chart`` for the trend; ``page`` and
``pdf`` lay the content out with the templates beside them.
"""

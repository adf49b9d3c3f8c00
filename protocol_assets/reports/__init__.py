"""The daily report: the same content as HTML pages, as a PDF and as the body of a mail.

``figures`` takes the numbers of a ``scope`` from the published marts (``potential``, ``scanners``);
``content`` puts them into words, which ``texts`` reads from ``data/texts_<language>.csv``, and
draws on ``trend`` and ``multiples`` for charts; ``page``, ``pdf`` and ``mail`` lay the content out
with the templates beside them.
"""

"""What a series is for and which acquisition and exam it belongs to.

Texts and clock times exist in the restricted zone only; here they become the typed columns that
leave it (``description.describe_cell``). Rules are data: ``data/role_*.csv``, ``anatomy_*.csv``,
``contrast_*.csv``, ``counting_*.csv``, ``acquisition_parts.csv``, ``repeats_text.csv``, and the
limits of clocks and exams in ``exam_limits.csv``; texts are matched by the engine in ``texts``.
"""

"""Magnetic resonance: what an MR series is for, and which acquisition and exam it belongs to.

Texts and clock times exist in the restricted zone only; here they become the typed columns that
leave it (``describe``). Rules are data: ``role_*.csv``, ``contrast_*.csv``, ``counting_*.csv``,
``acquisition_parts.csv`` and ``repeats_text.csv`` in ``data/``. What other modalities need as well
is in ``modalities.shared``.
"""

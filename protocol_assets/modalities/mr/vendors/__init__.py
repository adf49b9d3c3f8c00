"""What each manufacturer's headers mean.

Here stand the facts that differ by manufacturer: how averages are counted, which field holds the
scan time and in which unit, how reconstruction and acceleration are written. What a series is *for*
(role, anatomy, acquisition, exam) is decided in ``protocols``. Facts that are data are files
``data/vendors_*.csv``, each row with its source.

Every function takes one row of ``series`` (a mapping from column name to value) and gives None
where the header does not tell.
"""

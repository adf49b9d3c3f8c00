"""``report_mail`` and the alert sensors: who is informed of what."""

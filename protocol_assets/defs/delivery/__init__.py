"""``report_mail`` and the alert sensors."""

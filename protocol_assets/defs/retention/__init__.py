"""``retention_purge``: deletes data whose retention period has ended, once a day."""

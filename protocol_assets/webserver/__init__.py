"""Dagster's web server behind a guard that checks requests and records changes.

Dagster's own server has no login, accepts state-changing GET requests and form posts, and accepts
every Host and Origin. ``python -m protocol_assets.webserver`` starts it with all of these closed.
"""

from protocol_assets.webserver.audit import AuditLog
from protocol_assets.webserver.guard import Guard, Role
from protocol_assets.webserver.origins import Origins

__all__ = ["AuditLog", "Guard", "Origins", "Role"]

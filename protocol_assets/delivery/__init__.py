"""What is sent to people: mail with the report, alerts, a webhook, and the ledger of what was told.

Composition is pure; ``smtp`` and ``webhook`` are thin shells around one connection each. Only
published aggregates, partitions and counts go through here.
"""

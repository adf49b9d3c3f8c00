"""Delivery to people: mail with the report, alerts, a webhook, and the ledgers of what was sent.

Composition is pure; ``smtp`` and ``webhook`` are thin shells around one connection each. Only
published aggregates, partitions and counts go through here.
"""

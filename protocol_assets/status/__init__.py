"""What ``protocol-assets status`` tells: is the deployment well, and what happens next.

Everything here reads; nothing is created, changed or asked for unless a person says so.
"""

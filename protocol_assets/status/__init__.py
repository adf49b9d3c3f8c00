"""What ``protocol-assets status`` shows: whether the deployment is healthy, and what runs next.

Nothing here creates or changes data, and no PACS is asked unless the user requests it.
"""

"""What a deployment is made of, and the audit of its packages."""

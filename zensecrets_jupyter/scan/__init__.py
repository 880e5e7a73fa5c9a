"""Scan of files for values of secrets, and their removal."""

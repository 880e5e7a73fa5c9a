"""Encryption at rest: cipher, data keys, key protections, and databases with encrypted rows.

This module imports nothing, because a process that only lists flavors needs neither the cipher nor SQLAlchemy.
"""

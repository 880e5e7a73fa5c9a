"""Encryption at rest: the cipher, data keys, their protection, and the databases that hold encrypted rows.

This module imports nothing, because a process that only lists flavors needs neither the cipher nor SQLAlchemy.
"""

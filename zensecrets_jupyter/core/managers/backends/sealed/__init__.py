"""Backends that store encrypted rows in a SQL database."""

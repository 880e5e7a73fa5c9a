"""Databases with encrypted rows: a private SQLite file, and a schema on a database server."""

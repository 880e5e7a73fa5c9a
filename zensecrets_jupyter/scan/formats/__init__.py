"""Readers of the file formats that a scan understands: notebooks, JSON, SQLite, text in any encoding."""

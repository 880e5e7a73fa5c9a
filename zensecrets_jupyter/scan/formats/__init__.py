"""Readers of the file formats that a scan supports: notebooks, JSON, SQLite, text in any encoding."""

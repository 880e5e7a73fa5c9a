"""Readers of file formats: notebooks, JSON, SQLite, and text in any encoding."""

"""Low-level helpers for files, text, modules and processes."""

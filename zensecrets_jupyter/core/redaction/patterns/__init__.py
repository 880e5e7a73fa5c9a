"""Patterns: the texts to search for on behalf of a value."""

"""Decoding of a text: every view of it in which a value may be readable."""

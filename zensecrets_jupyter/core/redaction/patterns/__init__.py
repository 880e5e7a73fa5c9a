"""Patterns: the texts to search for so that a value is found.

``pattern`` makes the patterns of a value. ``decodings`` returns the texts that a value itself encodes, and ``token_prefixes`` separates the
public parts of a value from its sensitive part.
"""

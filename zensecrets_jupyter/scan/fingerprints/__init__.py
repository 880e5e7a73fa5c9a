"""Keyed fingerprints, which recognize a value without storing it."""

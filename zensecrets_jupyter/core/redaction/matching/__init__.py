"""Matching of patterns in one view of a text."""

"""Decoders: each function takes a view of a text and returns decoded views of it.

``escapes`` decodes sequences that replace single characters: backslashes, percent signs, entities, tags and colors. Every other module
decodes runs of text that are encoded as a whole. A cheap scan finds these runs first.
"""

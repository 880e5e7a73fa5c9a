"""Matching of patterns with one view of a text.

``pattern_matcher`` finds patterns. It looks up their anchors in ``anchor_index``, and ``comparison`` measures how much of a pattern is
written around an anchor. ``prefix_index`` and ``suffix_index`` recognize a pattern that is cut off at the end of a stream.
"""

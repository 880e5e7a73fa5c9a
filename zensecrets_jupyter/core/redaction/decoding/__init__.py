"""Decoding of a text that is searched for values.

``view_search`` searches a text and its decoded views. The decoders are in ``decoders``. ``detection`` is a quick check, so that most texts
need no decoder. ``end_views`` decodes the end of a stream, where an encoding may be incomplete.
"""

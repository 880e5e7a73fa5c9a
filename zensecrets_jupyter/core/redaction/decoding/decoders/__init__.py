"""Decoders: each returns views of a text; see :mod:`~zensecrets_jupyter.core.redaction.decoding.views`.

``escapes`` undoes what replaces single characters (backslashes, percent signs, entities, tags, colours). The others find stretches that are
encoded as a whole. Each looks for its kind by a cheap scan first.
"""

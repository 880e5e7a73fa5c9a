"""How text that was encoded by code is decoded again; see :mod:`~zensecrets_jupyter.core.redaction.views` for what comes of it.

``escapes`` undoes what replaces single characters (backslashes, percent signs, entities, tags, colours). The others find stretches that are
encoded as a whole. Each looks for its kind by a cheap scan first.
"""

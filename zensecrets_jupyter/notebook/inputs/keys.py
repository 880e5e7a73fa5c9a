"""What stands in a call's arguments and is no value: keys of secrets, and forms that values are put into."""

from __future__ import annotations

import re

_WORDS = frozenset(
    """
    access account api auth aws azure basic client connection credential credentials database db email host id key keys login name
    pass passphrase passwd password port private pwd secret secrets shared string token url user username value values
    """.split()  # noqa: SIM905 - the other lists of words are written so too
)
"""What the usual keys are made of."""
_BETWEEN = re.compile(r"[\s_.-]+")
_FORM = re.compile(r"(?:\{[^{}]*\}|%[-+\d.]*[a-z]|[\s:/@,;.()\[\]\"'=])*")


def is_no_key(text: str) -> bool:
    """Tell whether a text may be a value: neither a key, such as ``password: ``, nor a form with nothing in it, such as ``{}:%s``."""
    bare = text.strip()
    if _FORM.fullmatch(bare):
        return False
    return not _WORDS.issuperset(_BETWEEN.split(bare.rstrip(": ").lower()))

"""Hypothesis strategies for names, keys, values and contents of secrets, with many awkward examples.

An awkward name or value is one that a backend may change, confuse with another one, or refuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

AWKWARD_NAMES = [
    "a",
    "A",
    "ä",
    "a/b",
    "a%2Fb",
    "a=2fb",
    "a--2db",
    "a__5fb",
    "';--",
    "ключ",
    "密钥",
    "مفتاح",
    "🔑",
    "_",
    "0",
    "a-",
    "github_x",
]
"""Names that some backends treat as equal, or as special.

``a%2Fb``, ``a=2fb``, ``a--2db`` and ``a__5fb`` look like names with an escaped character, as a backend may write ``a/b``. GitHub reserves
names that begin with ``github_``.
"""

AWKWARD_VALUES = [
    "",
    " ",
    "\n",
    "a\nb\r\n",
    "\0",
    "null",
    "{{a.b}}",
    "@file",
    '"quoted"',
    "ключ",
    "密钥",
    "مفتاح",
    "🔑",
    "\ufeff",
    "%s{}$x",
]
"""Values that a backend may change by stripping, decoding, parsing or expanding.

For example, a command line tool may read ``@file`` as the content of a file, and a decoder may drop the byte order mark ``\\ufeff``.
"""


def names(max_length: int = 255) -> SearchStrategy[str]:
    """Return a strategy for valid names of secrets with at most ``max_length`` characters."""
    letters = st.characters(exclude_characters="{}. \x7f", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"))
    # Excluded are the characters of references, blanks, control characters and surrogates.
    # A name of a secret can't start with a hyphen, and can't be the word "name".
    texts = st.text(letters, min_size=1, max_size=max_length).filter(lambda text: not text.startswith("-") and text != "name")
    return st.sampled_from([name for name in AWKWARD_NAMES if len(name) <= max_length]) | texts


def keys(max_length: int = 255) -> SearchStrategy[str]:
    """Return a strategy for valid keys with at most ``max_length`` characters.

    Every valid name is also a valid key.
    """
    return st.sampled_from(["k", "key.with.dots", "ключ", "%"]) | names(max_length)


def values(max_length: int = 200) -> SearchStrategy[str]:
    """Return a strategy for values with at most ``max_length`` characters."""
    return st.sampled_from([value for value in AWKWARD_VALUES if len(value) <= max_length]) | st.text(max_size=max_length)


def contents(max_keys: int = 3) -> SearchStrategy[dict[str, str]]:
    """Return a strategy for contents of secrets with at most ``max_keys`` keys."""
    return st.dictionaries(keys(40), values(), max_size=max_keys)

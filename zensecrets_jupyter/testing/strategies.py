"""Hypothesis strategies for names, keys, values and contents of secrets, with many awkward examples."""

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
"""Names that some backends treat as equal, or as special."""

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
"""Values that a backend may change by stripping, decoding, parsing or expanding."""


def names(max_length: int = 255) -> SearchStrategy[str]:
    """Return valid names of secrets with at most ``max_length`` characters."""
    letters = st.characters(exclude_characters="{}. \x7f", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"))
    # A name of a secret can't start with a hyphen, and can't be the word "name".
    texts = st.text(letters, min_size=1, max_size=max_length).filter(lambda text: not text.startswith("-") and text != "name")
    return st.sampled_from([name for name in AWKWARD_NAMES if len(name) <= max_length]) | texts


def keys(max_length: int = 255) -> SearchStrategy[str]:
    """Return valid keys with at most ``max_length`` characters."""
    return st.sampled_from(["k", "key.with.dots", "ключ", "%"]) | names(max_length)


def values(max_length: int = 200) -> SearchStrategy[str]:
    """Return values with at most ``max_length`` characters."""
    return st.sampled_from([value for value in AWKWARD_VALUES if len(value) <= max_length]) | st.text(max_size=max_length)


def contents(max_keys: int = 3) -> SearchStrategy[dict[str, str]]:
    """Return contents of secrets with at most ``max_keys`` keys."""
    return st.dictionaries(keys(40), values(), max_size=max_keys)

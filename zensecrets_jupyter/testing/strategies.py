"""What a secret may be called and hold, as strategies of Hypothesis, with a weight on what is often handled wrongly."""

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
"""Names that differ in one place and are one name in another, or mean something there."""

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
"""Values that get lost or altered where something is stripped, decoded, parsed or expanded on the way."""


def names(longest: int = 255) -> SearchStrategy[str]:
    """Return the names that a secret may have, up to that many characters."""
    letters = st.characters(exclude_characters="{}. \x7f", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"))
    texts = st.text(letters, min_size=1, max_size=longest).filter(lambda text: not text.startswith("-") and text != "name")
    return st.sampled_from([name for name in AWKWARD_NAMES if len(name) <= longest]) | texts


def keys(longest: int = 255) -> SearchStrategy[str]:
    """Return the keys that a secret may have, up to that many characters."""
    return st.sampled_from(["k", "key.with.dots", "ключ", "%"]) | names(longest)


def values(longest: int = 200) -> SearchStrategy[str]:
    """Return values, up to that many characters."""
    return st.sampled_from([value for value in AWKWARD_VALUES if len(value) <= longest]) | st.text(max_size=longest)


def contents(most: int = 3) -> SearchStrategy[dict[str, str]]:
    """Return the contents of secrets, with up to that many keys."""
    return st.dictionaries(keys(40), values(), max_size=most)

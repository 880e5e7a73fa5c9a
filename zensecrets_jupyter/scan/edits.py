"""Edits that replace values by references in source code, and by masks elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction import mask_text
from zensecrets_jupyter.core.reference import SecretReference
from zensecrets_jupyter.core.text_edits import Edit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.scan.matchers import Match

SOURCE_SUFFIXES = frozenset({
    ".cfg", ".env", ".ini", ".ipy", ".jl", ".js", ".json", ".md", ".py", ".qmd", ".r", ".rmd", ".rst", ".scala", ".sh", ".sql", ".toml",
    ".ts", ".yaml", ".yml",
})  # fmt: skip
"""Suffixes of files that people write. In these files, references replace values."""

_SECRET_AND_KEY = re.compile(r"[\w-]+\.[\w.-]+")
"""The name of a value that a reference can name: ``secret.key``."""
_ENVIRONMENT_PREFIX = "env."
"""The prefix of the names of environment variables. A reference can't name such a value."""
_REGISTER_LINE = re.compile(
    # In a notebook that is stored as a script, a magic is a comment: `# %secret …` by jupytext, `# MAGIC %secret …` by Databricks.
    r"\s*(?:(?:#|//|--)\s*(?:MAGIC\s+)?(?=[%!]))?[%!]?\s*(?:zen\s+|zensecrets\s+)?secret\s+(?:register|create|update)\s"
)
_ARGUMENT = re.compile(r"(?<=\s)--[\w.-]+(=[\"']?)\Z")
"""The option and the ``=`` directly before a value, with the opening quote if there is one."""
_STRING_LITERAL_ENCODINGS = frozenset({"plain", "escapes", "quoted or wrapped"})
"""Encodings, by their names in :attr:`Match.encoding`, that a value can have between the quotes of a string literal."""
_REPLACEMENTS_BY_LENGTH = {1: "*", 2: "×", 3: "•", 4: "🔒"}
"""The replacement for a character, by the length of the character in UTF-8."""


def edits_of_source(text: str, matches: Iterable[Match]) -> list[Edit]:
    """Return the edits that remove values from source code.

    A whole value that is written as in a string literal becomes the reference ``{{name.key}}``. On a line that registers or updates a
    secret, ``--key=VALUE`` becomes ``--key``, so that the command prompts for the value. All other matches become masks.
    """
    return [_edit_of_source(text, match) for match in matches]


def edits_of_output(matches: Iterable[Match]) -> list[Edit]:
    """Return the edits that replace values by masks."""
    return [Edit(match.start, match.end, mask_text(match.name)) for match in matches]


def edits_of_base64(text: str, matches: Iterable[Match]) -> list[Edit]:
    """Return the edits that overwrite values in base64 with the digit A, which encodes zero bits.

    The padding (``=``) and white space stay. After the edits, the text is still base64 and has the same length.
    """
    return [Edit(match.start, match.end, re.sub(r"[^=\s]", "A", text[match.start : match.end])) for match in matches]


def mask_keeping_length(data: bytes, matches: Iterable[Match]) -> bytes:
    """Return ``data`` with every value replaced by the same number of bytes and characters.

    The lengths stay, because binary formats store the length of a text in front of it. Each character of a value is replaced by a character
    with the same length in UTF-8.
    """
    masked_data = bytearray(data)
    for match in matches:
        value = data[match.start : match.end]
        try:
            replacement = "".join(_REPLACEMENTS_BY_LENGTH[len(letter.encode())] for letter in value.decode()).encode()
        except UnicodeDecodeError:
            # The bytes are not UTF-8, so only their number can stay the same.
            replacement = b"*" * len(value)
        masked_data[match.start : match.end] = replacement
    return bytes(masked_data)


def _edit_of_source(text: str, match: Match) -> Edit:
    """Return the edit for one match; see :func:`edits_of_source`."""
    can_be_reference = _SECRET_AND_KEY.fullmatch(match.name) and not match.name.startswith(_ENVIRONMENT_PREFIX)
    if not (match.is_whole and match.encoding in _STRING_LITERAL_ENCODINGS and can_be_reference):
        return Edit(match.start, match.end, mask_text(match.name))
    line_before = text[text.rfind("\n", 0, match.start) + 1 : match.start]
    argument = _ARGUMENT.search(line_before)
    if argument and _REGISTER_LINE.match(line_before):
        # argument[1] is the equals sign, and the quote after it if there is one.
        quote = argument[1][1:]
        has_closing_quote = text.startswith(quote, match.end)
        return Edit(match.start - len(argument[1]), match.end + (len(quote) if has_closing_quote else 0), "")
    name, _, key = match.name.partition(".")
    return Edit(match.start, match.end, str(SecretReference(name, key)))

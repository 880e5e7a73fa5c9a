"""Classification of values: a path, a number, plain words, a placeholder, or random characters."""

from __future__ import annotations

import re

from zensecrets_jupyter.core.redaction.recognition.lazy_pattern import LazyPattern

# The words and numbers of an identifier.
_PIECES = LazyPattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WORD = LazyPattern(
    r"(?=[aeiouy]|.[aeiouy]|[bcfgp]l|[bcdfgpt]r|[cgpstw]h|s[cklmnpqtw]|[dt]w|[gk]n|wr)(?=.*[aeiouy])(?!.*[bcdfghjklmnpqrstvwxz]{5})(?!.*[aeiou]{4})"
    r"(?!.*(?:q[^u]|[jvx]{2}|[jvwxzkq]{3}))[a-z]{3,16}"
)
"""A possible word of a European language: it begins like a word, has vowels, and has no long sequence of consonants."""
_MIN_WORD_SHARE = 0.6
"""Minimum share of characters that belong to words in a text of plain words."""
_SHORTEST_OPAQUE = 8
"""Minimum length of an *opaque* value, which is a value that looks random."""
_DATE = LazyPattern(r"\d{4}-\d\d(?:-\d\d)?(?:[T ][\d:.,+Zz -]*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
# Numbers such as `1_000`, `1e-5`, `3.10.2`, `10:30` and `1920x1080`, with a unit such as `ms` or `GiB`.
_NUMBER = LazyPattern(r"[-+]?\d[\d_]*(?:[.,:/x-]\d+)*(?:e[-+]?\d+)?\s*(?:[smhdwxb%]|ms|us|ns|min|[kKmMgGtT]i?[bB]?)?")
# A host, an email address or an IP address.
_HOST = LazyPattern(r"(?:[a-z0-9-]+\.)+[a-z]{2,12}(?::\d+)?(?:/\S*)?|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?")
# References of shells, templates, cloud providers and secrets managers.
_REFERENCE = LazyPattern(
    r"\$\{[A-Za-z_][\w:.-]*\}|\$[A-Z_][A-Z0-9_]*|\$[a-z_]+|\$\d|\$\(.*|\$\{\{.*\}\}|\{\{.*\}\}|%\w+%|<[^<>]*>|\[[A-Za-z_ -]+\]"
    r"|arn:aws[\w-]*:\S+|projects/\S+/secrets/\S+|(?:op|vault|ssm|secret|secrets|file|env|awssm|gcpsm|keyring)://\S*|@Microsoft\.KeyVault\(.*\)"
)
_PLACEHOLDER = LazyPattern(
    r"(?:your|insert|enter|replace)[-_ ].*|(?:change|replace|fill)[-_ ]?(?:me|this|it)\b.*"
    r"|x{4,}|\*{3,}|\.{3,}|-{3,}|todo|tbd|none|null|undefined|n/?a|redacted|hidden|masked|dummy|placeholder|example|not[-_ ]?set|unset",
    re.IGNORECASE,
)
_SWITCHES = frozenset(
    {"true", "false", "yes", "no", "on", "off", "none", "null", "auto", "always", "never", "enabled", "disabled", "default"}
)
# A file name with an extension.
_FILE_NAME = LazyPattern(r"[^\s/\\]*[A-Za-z][^\s/\\]*\.[a-z][a-z0-9]{0,8}(?:\.[a-z0-9]{1,4})?")
_PATH_STARTS = ("/", "*.", "~/", "./", "../", "\\\\", "s3://", "gs://", "file:")
_LONGEST = 1024
"""Number of characters at the start of a long text that are classified, and maximum length of a path."""


def is_reference_or_placeholder(value: str) -> bool:
    """Return whether ``value`` is a reference or a placeholder, and no secret itself.

    Examples are the reference ``${TOKEN}`` and the placeholder ``changeme``.
    """
    return bool(_REFERENCE.fullmatch(value) or _PLACEHOLDER.fullmatch(value))


def is_switch(value: str) -> bool:
    """Return whether ``value`` is a boolean, or another usual word of a setting, such as ``auto``."""
    return value.lower() in _SWITCHES


def is_number(value: str) -> bool:
    """Return whether ``value`` is a number, a size, a duration, a version or a date."""
    return bool(_NUMBER.fullmatch(value) or _DATE.fullmatch(value))


def is_path(value: str) -> bool:
    """Return whether ``value`` is the path of a file or folder, or several paths."""
    if "+" in value or "=" in value or len(value) > _LONGEST:
        # Base64 may contain slashes, even as the first character.
        return False
    # If the value begins like a path, its segments may be longer without words than in a relative path, which may be base64.
    if value.startswith(_PATH_STARTS) or re.match(r"[A-Za-z]:[\\/]", value):
        return all(_is_segment(segment, longest_random=12) for segment in re.split(r"[/\\:;]", value) if segment)
    if "/" in value and " " not in value and "://" not in value:
        *folders, file = value.split("/")
        return bool(_FILE_NAME.fullmatch(file)) or all(_is_segment(segment, longest_random=4) for segment in (*folders, file) if segment)
    return bool(_FILE_NAME.fullmatch(value)) and is_plain(value.rpartition(".")[0])


def _is_segment(segment: str, *, longest_random: int) -> bool:
    """Return whether ``segment`` may be a part of a path.

    Args:
        segment: The part of the path.
        longest_random: The maximum length of a segment that is neither words nor a file name, such as ``x64``.
    """
    return is_plain(segment) or bool(_FILE_NAME.fullmatch(segment)) or (len(segment) <= longest_random and not _is_mixed(segment))


def is_plain(value: str) -> bool:
    """Return whether ``value`` consists of words, like an identifier, a title or a sentence."""
    if _is_mixed(value):
        return False
    pieces = _PIECES.findall(value)
    character_count = sum(map(len, pieces))
    # Punctuation alone is not plain, but an empty text is.
    if not character_count:
        return not value or value.isspace()
    characters_in_words = sum(len(piece) for piece in pieces if len(piece) > 2 and _WORD.fullmatch(piece.lower()))  # noqa: PLR2004 - words of one or two letters occur by chance in random text
    return characters_in_words / character_count >= _MIN_WORD_SHARE


# A change between small letters, capitals and digits.
_CHANGE = LazyPattern(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[a-z0-9])|(?<=[0-9])(?=[a-zA-Z])")
# At least 16 hexadecimal digits, at least three of which are decimal digits.
_HEXADECIMAL = LazyPattern(r"(?=(?:[a-f]*\d){3})[0-9a-f]{16,}", re.IGNORECASE)
# At least twelve letters and digits, with at least three numbers between or before the letters.
_MANY_NUMBERS = LazyPattern(r"(?=.{12})[A-Za-z]*(?:\d+[A-Za-z]+){3,}\d*")
_SHORTEST_MIXED = 6
"""Minimum length of a mixed value. In a shorter value, characters alternate by chance."""


def _is_mixed(value: str) -> bool:
    """Return whether ``value`` mixes small letters, capitals and digits more often than a name does.

    The limit is two changes in five characters. Hexadecimal digits and letters with many numbers between them count as mixed too.
    """
    if len(value) < _SHORTEST_MIXED:
        return False
    has_many_changes = 5 * len(_CHANGE.findall(value)) > 2 * len(value)
    return has_many_changes or bool(_HEXADECIMAL.fullmatch(value) or _MANY_NUMBERS.fullmatch(value))


def is_opaque(value: str) -> bool:
    """Return whether ``value`` looks random.

    Words, numbers, paths, hosts, switches, references and placeholders do not. Neither does a short value.
    """
    text = value[:_LONGEST].strip()
    return (
        len(text) >= _SHORTEST_OPAQUE
        and not is_switch(text)
        and not is_number(text)
        and not _HOST.fullmatch(text)
        and not is_plain(text)
        and not is_path(text)
        and not is_reference_or_placeholder(text)
    )

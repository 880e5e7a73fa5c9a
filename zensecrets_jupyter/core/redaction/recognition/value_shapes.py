"""Shapes of values: a path, a number, plain words, a placeholder, or random characters."""

from __future__ import annotations

import re

from zensecrets_jupyter.core.redaction.recognition.lazy_pattern import LazyPattern

_PIECES = LazyPattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WORD = LazyPattern(
    r"(?=[aeiouy]|.[aeiouy]|[bcfgp]l|[bcdfgpt]r|[cgpstw]h|s[cklmnpqtw]|[dt]w|[gk]n|wr)(?=.*[aeiouy])(?!.*[bcdfghjklmnpqrstvwxz]{5})(?!.*[aeiou]{4})"
    r"(?!.*(?:q[^u]|[jvx]{2}|[jvwxzkq]{3}))[a-z]{3,16}"
)
"""What may be a word of English or a language like it: it begins as words do, has vowels, and no long row of consonants."""
_MOSTLY = 0.6
"""A text is plain words if at least so much of its letters and digits stands in words."""
_SHORTEST_OPAQUE = 8
_DATE = LazyPattern(r"\d{4}-\d\d(?:-\d\d)?(?:[T ][\d:.,+Zz -]*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
_NUMBER = LazyPattern(r"[-+]?\d[\d_]*(?:[.,:/x-]\d+)*(?:e[-+]?\d+)?\s*(?:[smhdwxb%]|ms|us|ns|min|[kKmMgGtT]i?[bB]?)?")
_HOST = LazyPattern(r"(?:[a-z0-9-]+\.)+[a-z]{2,12}(?::\d+)?(?:/\S*)?|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?")
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
_EXTENSION = LazyPattern(r"[^\s/\\]*[A-Za-z][^\s/\\]*\.[a-z][a-z0-9]{0,8}(?:\.[a-z0-9]{1,4})?")
_STARTS_OF_PATHS = ("/", "*.", "~/", "./", "../", "\\\\", "s3://", "gs://", "file:")


_LONGEST = 1024
"""Characters of a text that is looked at closely: a longer one is judged by its beginning."""


def is_reference(value: str) -> bool:
    """Tell whether ``value`` names where a secret is, or holds the place of one, rather than being it."""
    return bool(_REFERENCE.fullmatch(value) or _PLACEHOLDER.fullmatch(value))


def is_switch(value: str) -> bool:
    """Tell whether ``value`` is a boolean, or another word that switches something."""
    return value.lower() in _SWITCHES


def is_number(value: str) -> bool:
    """Tell whether ``value`` is a number, a size, a duration, a version or a date."""
    return bool(_NUMBER.fullmatch(value) or _DATE.fullmatch(value))


def is_path(value: str) -> bool:
    """Tell whether ``value`` is a path of a file or folder, or several of them."""
    if "+" in value or "=" in value or len(value) > _LONGEST:
        # Base64 may hold slashes, and begin with one.
        return False
    if value.startswith(_STARTS_OF_PATHS) or re.match(r"[A-Za-z]:[\\/]", value):
        return all(_is_segment(segment, short=12) for segment in re.split(r"[/\\:;]", value) if segment)
    if "/" in value and " " not in value and "://" not in value:
        *folders, file = value.split("/")
        return bool(_EXTENSION.fullmatch(file)) or all(_is_segment(segment, short=4) for segment in (*folders, file) if segment)
    return bool(_EXTENSION.fullmatch(value)) and is_plain(value.rpartition(".")[0])


def _is_segment(segment: str, *, short: int) -> bool:
    return is_plain(segment) or bool(_EXTENSION.fullmatch(segment)) or (len(segment) <= short and not _is_mixed(segment))


def is_plain(value: str) -> bool:
    """Tell whether ``value`` is made of words, as an identifier, a title or a sentence is."""
    if _is_mixed(value):
        return False
    pieces = _PIECES.findall(value)
    total = sum(map(len, pieces))
    if not total:
        return not value or value.isspace()
    in_words = sum(len(piece) for piece in pieces if len(piece) > 2 and _WORD.fullmatch(piece.lower()))  # noqa: PLR2004 - two letters are in any text
    return in_words / total >= _MOSTLY


_CHANGE = LazyPattern(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[a-z0-9])|(?<=[0-9])(?=[a-zA-Z])")
_HEXADECIMAL = LazyPattern(r"(?=(?:[a-f]*\d){3})[0-9a-f]{16,}", re.IGNORECASE)
_MANY_NUMBERS = LazyPattern(r"(?=.{12})[A-Za-z]*(?:\d+[A-Za-z]+){3,}\d*")
_SHORTEST_MIXED = 6


def _is_mixed(value: str) -> bool:
    """Tell whether small letters, capitals and digits follow each other as in no name: more than twice in five characters."""
    if len(value) < _SHORTEST_MIXED:
        return False
    changes = 5 * len(_CHANGE.findall(value)) > 2 * len(value)
    return changes or bool(_HEXADECIMAL.fullmatch(value) or _MANY_NUMBERS.fullmatch(value))


def is_opaque(value: str) -> bool:
    """Tell whether ``value`` looks like nothing that a person would make up: no words, number, path, host or placeholder."""
    text = value[:_LONGEST].strip()
    return (
        len(text) >= _SHORTEST_OPAQUE
        and not is_switch(text)
        and not is_number(text)
        and not _HOST.fullmatch(text)
        and not is_plain(text)
        and not is_path(text)
        and not is_reference(text)
    )

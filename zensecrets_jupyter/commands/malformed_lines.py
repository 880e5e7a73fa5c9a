"""Guess the inline secrets of a malformed command line: an unclosed quote, a space around ``=``, an unknown command.

Such a line fails, but its values are real. They are found by their position after text that looks like a key.
"""

from __future__ import annotations

import difflib
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.click_extensions import SETTINGS, Command, FreeOptionsCommand
from zensecrets_jupyter.commands.framework.command_groups import Group
from zensecrets_jupyter.commands.framework.free_options import Argument
from zensecrets_jupyter.commands.framework.inline_secrets import InlineSecret
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.commands.tree import root
from zensecrets_jupyter.core.fields import looks_sensitive
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.core.reference import only_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TAKES_VALUES = ("register", "update")
"""The commands whose arguments may be values; an unknown word nearest to one of them counts as it."""

_ARGUMENT = re.compile(
    r"(?<!\S)(?:(?P<dashes>[-\u2010-\u2015\u2212]{1,3})(?P<key>[^\W\d][\w.-]*)|(?P<bare>[^\W\d][\w.-]*)(?=\s*=))(?P<equals>\s*=|:(?=\S))?\s*"
)
"""``--key=``, ``--key``, ``-key=``, ``--key:``, ``key =``; word processors and web pages replace hyphens by dashes."""

_WORD = re.compile(r"[^\s\"']+")

_SINGLE = frozenset("-\u2010\u2011\u2012\u2013\u2212")
"""Dashes that stand for one hyphen each."""

_OWN_OPTIONS = {"--schema": True, "-s": True, "--flavor": True, "-f": True, "--interactive": False, "-i": False, "--wait": False}
"""The options of an unknown command, and whether each takes a value."""

_STRONG = re.compile(r"(?=.*\d)(?=.*[^\W\d]).{8,}")
"""A word of letters and digits that is specific enough to be masked alone, as part of a longer text."""

EXPANSION = re.compile(r"\$\(.*\)|\$\{?\w+\}?|\{[^{}]+\}|`.*`|%\(\w+\)s|%s", re.DOTALL)
"""A text that a shell, IPython or Python expands."""


class Guess(NamedTuple):
    """A likely argument with a value, at the offsets ``start`` to ``end``; without its value it is a bare ``--key``."""

    start: int
    end: int
    key: str
    inline_secrets: tuple[InlineSecret, ...]


def guess_inline_secrets(group: Sequence[str], line: str, *, expands: bool = False) -> list[Guess]:
    """Return the likely arguments with values on a malformed line.

    Args:
        group: The command group of the line, such as ``secret`` for ``%secret``.
        line: The line.
        expands: Whether ``$x`` and ``{x}`` are expanded before the command runs.
    """
    first = _ARGUMENT.search(line)
    before = _WORD.findall(line, 0, first.start() if first else len(line))
    target = _Target.of([*group, *before])
    if target is None:
        return []
    arguments = list(_arguments(line, target.options, has_name=bool(target.words)))
    context = target.context([line[one.start : one.end] for one in arguments if one.is_own])
    found = []
    for one in arguments:
        raw = line[one.value : one.end]
        if one.is_own or not raw or (expands and EXPANSION.fullmatch(raw.strip("\"'"))):
            continue
        texts = [text for text in _texts(raw) if target.is_sensitive(context, one.key, text)]
        if texts:
            found.append(Guess(one.start, one.end, one.key, tuple(InlineSecret(f"{target.name}.{one.key}", text) for text in texts)))
    if not target.takes_none:
        loose = _unassigned_words(line, arguments)[len(before) - len(target.words) :]
        found += _without_key(line, loose, target.name)
    return sorted(found)


def _unassigned_words(line: str, arguments: Sequence[_Argument]) -> list[re.Match[str]]:
    """Return the words of a line that belong to no argument."""
    return [word for word in _WORD.finditer(line) if not any(one.start <= word.start() < one.end for one in arguments)]


def _without_key(line: str, words: Sequence[re.Match[str]], name: str) -> Iterator[Guess]:
    """Yield the words that look like values; the first word may be the name."""
    likely = [word for word in words[1:] if is_opaque(word[0])] or [word for word in words[:1] if words[1:] and is_opaque(word[0])]
    for word in likely:
        start, end = len(line[: word.start()].rstrip()), word.end()
        for quote in ("'", '"'):
            if line[:start].endswith(quote) and line.startswith(quote, end):
                start, end = len(line[: start - 1].rstrip()), end + 1
        yield Guess(start, end, "", (InlineSecret(f"{name}.value", word[0]),))


class _Argument(NamedTuple):
    start: int
    value: int
    end: int
    key: str
    is_own: bool


def _arguments(line: str, options: dict[str, bool], *, has_name: bool) -> Iterator[_Argument]:
    """Yield the arguments; a value extends to the next argument."""
    position = 0
    while (found := _ARGUMENT.search(line, position)) is not None:
        key = found["key"] or found["bare"]
        value = found.end()
        option = f"{'--' if found['dashes'] not in _SINGLE else '-'}{key}".replace("_", "-")
        short = option[:2] if option[:2] in options and not option.startswith("--") and not found["equals"] else ""
        if option in options or short:
            is_apart = options[option] if option in options else options[short] and option == short
            end = _word_end(line, value) if is_apart else found.end()
            yield _Argument(found.start(), value, end, key, is_own=True)
        else:
            behind_quote = _word_end(line, value) if line[value : value + 1] in {'"', "'"} else value
            following = _ARGUMENT.search(line, behind_quote)
            if option[1] != "-" and len(key) == 1 and not found["equals"] and not has_name:
                # This is an unknown flag, rather than a key with one dash too few.
                yield _Argument(found.start(), value, value, key, is_own=True)
                position = value
                continue
            end = value + len(line[value : following.start() if following else len(line)].rstrip())
            yield _Argument(found.start(), value, end, key, is_own=False)
        position = max(end, found.end())


def _word_end(line: str, start: int) -> int:
    """Return the end of a word; one with an unclosed quote ends after the quote."""
    found = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\S)*""", re.DOTALL).match(line, start)
    end = found.end() if found else start
    return end if line[start : start + 1] not in {'"', "'"} or line[start] in line[start + 1 : end] else start + 1


def _texts(raw: str) -> Iterator[str]:
    """Yield the possible values in a typed text."""
    try:
        words = shlex.split(raw)
    except ValueError:
        words = []
    if len(words) == 1:
        yield words[0]
        if "\\" in raw:
            yield raw
        return
    yield raw.strip("\\\"'")
    yield from (word for word in words or raw.split() if _STRONG.fullmatch(word))


class _Target(NamedTuple):
    """The command of a malformed line; ``command`` is ``None`` if it is unknown or takes no values (``takes_none``)."""

    command: FreeOptionsCommand | None
    words: list[str]
    options: dict[str, bool]
    takes_none: bool = False

    @classmethod
    def of(cls, words: list[str]) -> _Target | None:
        """Return the target of a line that begins with these words; ``None`` if it takes no values."""
        command: click.Command = root
        context = click.Context(root, info_name="zen", **SETTINGS)
        rest = list(words)
        while isinstance(command, Group) and rest:
            try:
                _, found, _ = command.resolve_command(context, rest)
            except UsageProblem:
                known = [*command.list_commands(context), *TAKES_VALUES]
                nearest = difflib.get_close_matches(rest[0].lower(), known, n=1)
                if not nearest or nearest[0] in TAKES_VALUES:
                    return cls(None, rest[1:], _OWN_OPTIONS)
                found = command.get_command(context, nearest[0])
                if not isinstance(found, Group):
                    return None
            if found is None:
                return None
            command, context, rest = found, click.Context(found, parent=context), rest[1:]
        if isinstance(command, Group):
            return cls(None, [], _OWN_OPTIONS, takes_none=command is root)
        options = command.declared_options(context) if isinstance(command, Command) else _OWN_OPTIONS
        return cls(command, rest, options) if isinstance(command, FreeOptionsCommand) else cls(None, rest, options, takes_none=True)

    @property
    def name(self) -> str:
        """The name of the secret or component on the line; "typed" if there is none."""
        return next((word for word in self.words if not word.startswith("-") and not is_opaque(word)), "typed")

    def context(self, own: list[str]) -> click.Context | None:
        """Return the Click context of the declared options; ``None`` if they can't be parsed."""
        if self.command is None:
            return None
        try:
            words = [self.name, *(word for one in own for word in shlex.split(one))]
            return self.command.make_context("zen", words, resilient_parsing=True, **SETTINGS)
        except (click.UsageError, UsageProblem, ValueError):
            return None

    def is_sensitive(self, context: click.Context | None, key: str, text: str) -> bool:
        """Return whether the value of ``key`` is sensitive; without a context it is, unless it is a reference or a file name."""
        if self.command is not None and context is not None:
            return self.command.inline_secret(context, Argument(key, text)) is not None
        if self.takes_none and not (looks_sensitive(key, text) or is_opaque(text)):
            return False
        return bool(text) and only_reference(text) is None and (not text.startswith("@") or text.startswith("@@"))

"""Tab completion of the magics: the command tree's own, cut to what IPython wants to insert."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

_MAGIC = re.compile(r"(?:^|.*[=\s])%{1,2}(zen|secret|stack|with_secrets)\s+(?P<rest>.*)$", re.DOTALL)
_GROUPS = {"zen": [], "secret": ["secret"], "stack": ["stack"], "with_secrets": ["secret", "get"]}


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Complete the words of our magics in ``shell``, also behind ``x = ``; ``undo`` stops it."""
    completer = shell.Completer
    if completer is None:
        return
    shell.set_hook("complete_command", _complete, re_key=_MAGIC)
    undo.callback(shell.Completer.custom_completers.regexs.pop, _MAGIC, None)


def _complete(_shell: InteractiveShell, event: Any) -> list[str]:
    from zensecrets_jupyter.commands import tree  # noqa: PLC0415 - loading the extension stays fast

    match = _MAGIC.match(event.text_until_cursor)
    if match is None:
        return []
    words, incomplete = _split(match["rest"])
    known = incomplete[: len(incomplete) - len(event.symbol)]
    found = (completion.text for completion in tree.complete([*_GROUPS[match[1]], *words], incomplete))
    return [text[len(known) :] for text in found if text.startswith(known)]


def _split(rest: str) -> tuple[list[str], str]:
    """Return the words before the cursor that are whole, and the one that is being typed."""
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    if not words or rest[-1:].isspace():
        return words, ""
    return words[:-1], words[-1]

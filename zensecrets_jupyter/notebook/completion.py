"""Tab completion of the magics: the command tree's own, cut to what IPython wants to insert."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from IPython.core.completer import SimpleCompletion, context_matcher

from zensecrets_jupyter.commands.magic_names import GROUPS, LINE_MAGICS, WITH_SECRETS

if TYPE_CHECKING:
    from contextlib import ExitStack

    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

# At the start of a line, or behind `x = `.
_MAGIC = re.compile(rf"(?:^|.*=)\s*%{{1,2}}({LINE_MAGICS}|{WITH_SECRETS})\s+(.*)$")
_COMMANDS = {**GROUPS, WITH_SECRETS: ["secret", "get"]}


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Complete the words of our magics in ``shell``; ``undo`` stops it."""
    if shell.Completer is not None:
        matcher = context_matcher(identifier="zensecrets_jupyter")(complete_magics)
        shell.Completer.custom_matchers.append(matcher)
        undo.callback(shell.Completer.custom_matchers.remove, matcher)


def complete_magics(context: CompletionContext) -> SimpleMatcherResult:
    """Return what may stand at the cursor; on a line of one of our magics nothing else is offered."""
    match = _MAGIC.match(context.text_until_cursor)
    if match is None:
        return {"completions": []}
    from zensecrets_jupyter.commands import tree

    words, incomplete = _split(match[2])
    found = tree.complete([*_COMMANDS[match[1]], *words], incomplete)
    completions = [SimpleCompletion(completion.text, type="magic") for completion in found]
    return {"completions": completions, "suppress": True, "matched_fragment": incomplete}


def _split(rest: str) -> tuple[list[str], str]:
    """Return the words before the cursor that are whole, and the one that is being typed."""
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    if not words or rest[-1:].isspace():
        return words, ""
    return words[:-1], words[-1]

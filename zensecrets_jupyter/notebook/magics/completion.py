"""Tab completion of the magics with the completions of the command tree."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from IPython.core.completer import SimpleCompletion, context_matcher

from zensecrets_jupyter.commands.magic_lines import GROUPS, LINE_MAGICS, WITH_SECRETS

if TYPE_CHECKING:
    from contextlib import ExitStack

    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

# A magic is at the start of a line, or after `x = `.
_MAGIC = re.compile(rf"(?:^|.*=)\s*%{{1,2}}({LINE_MAGICS}|{WITH_SECRETS})\s+(.*)$")
# The words of the command whose completions each magic offers. The arguments of %%with_secrets are names of secrets, so they are completed
# like the arguments of `secret get`.
_COMMANDS = {**GROUPS, WITH_SECRETS: ["secret", "get"]}


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Complete the arguments of our magics in ``shell``; ``undo`` stops it."""
    if shell.Completer is not None:
        matcher = context_matcher(identifier="zensecrets_jupyter")(complete_magics)
        shell.Completer.custom_matchers.append(matcher)
        undo.callback(shell.Completer.custom_matchers.remove, matcher)


def complete_magics(context: CompletionContext) -> SimpleMatcherResult:
    """Return the completions at the cursor; on a line of our magics, suppress other matchers."""
    match = _MAGIC.match(context.text_until_cursor)
    if match is None:
        return {"completions": []}
    from zensecrets_jupyter.commands import tree

    arguments, incomplete = _split(match[2])
    completions = [
        SimpleCompletion(completion.text, type="magic") for completion in tree.complete([*_COMMANDS[match[1]], *arguments], incomplete)
    ]
    return {"completions": completions, "suppress": True, "matched_fragment": incomplete}


def _split(text: str) -> tuple[list[str], str]:
    """Return the complete arguments before the cursor, and the incomplete last one."""
    try:
        arguments = shlex.split(text)
    except ValueError:
        # A quote is not closed yet.
        arguments = text.split()
    if not arguments or text[-1:].isspace():
        return arguments, ""
    return arguments[:-1], arguments[-1]

"""Hidden prompts of a shell, whose answers are neither echoed nor recorded in a history."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.asking.hidden_input import read_hidden
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.commands.asking.prompts import PromptAsker
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.notebook.console_terminal import find_console_terminal
from zensecrets_jupyter.notebook.front_end import ask_hidden, can_prompt
from zensecrets_jupyter.notebook.value_sources.password_prompts import protect_answer, unprotected_prompts

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.asking.form_request import Asker


def make_prompt_asker(shell: InteractiveShell) -> Asker:
    """Return an asker for ``shell``: with prompts, or non-interactive if no user can answer prompts."""
    if not can_prompt(shell):
        return NonInteractiveAsker()
    ask = _ask_in_terminal if getattr(shell, "kernel", None) is None else _ask_in_front_end

    def ask_unprotected(prompt: str) -> str:
        # PromptAsker calls this function for answers that are not secret, such as a key's name. The prompt is hidden anyway, because the
        # history would record an answer to `input`.
        with unprotected_prompts():
            return ask(prompt)

    return PromptAsker(ask, print, prompt_visible=ask_unprotected)


def _ask_in_front_end(prompt: str) -> str:
    """Ask in the front end of a kernel, or in the console's own terminal if this process can open it.

    The prompts of the kernel protect the answer in the first case (see :mod:`~zensecrets_jupyter.notebook.value_sources.password_prompts`).
    """
    terminal = find_console_terminal()
    # The prompt is written to stdout like other output of the kernel, so that the console shows it after all earlier output.
    return ask_hidden(prompt) if terminal is None else _ask_in_terminal(prompt, terminal=terminal, screen=sys.stdout)


def _ask_in_terminal(prompt: str, *, terminal: Path | None = None, screen: TextIO | None = None) -> str:
    """Ask in a terminal, and protect the answer. The prompt is written to ``screen``."""
    answer = read_hidden(prompt, terminal=terminal, screen=screen)
    protect_answer(the_redactor(), answer, prompt)
    return answer

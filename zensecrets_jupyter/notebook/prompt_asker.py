"""Hidden prompts of a shell: the typed text is not echoed, and no history keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.asking.hidden_input import read_hidden
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.commands.asking.prompts import PromptAsker
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.notebook.front_end import ask_hidden, can_prompt
from zensecrets_jupyter.notebook.value_sources.password_prompts import protect_answer, unprotected_prompts

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.asking.form_request import Asker


def make_prompt_asker(shell: InteractiveShell) -> Asker:
    """Return the asker that prompts in ``shell``, or the non-interactive one if prompts reach no user."""
    if not can_prompt(shell):
        return NonInteractiveAsker()
    ask = _terminal_prompt if getattr(shell, "kernel", None) is None else ask_hidden

    def ask_harmless(prompt: str) -> str:
        with unprotected_prompts():
            return ask(prompt)

    return PromptAsker(ask, print, visible=ask_harmless)


def _terminal_prompt(prompt: str) -> str:
    answer = read_hidden(prompt)
    protect_answer(the_redactor(), answer, prompt)
    return answer

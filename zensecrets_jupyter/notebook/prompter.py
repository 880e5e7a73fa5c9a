"""Hidden prompts of a shell: the typed text is not echoed, and no history keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.asking.hidden_input import read_hidden
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.commands.asking.prompts import PromptAsker
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.notebook.front_end import hidden_prompt, somebody_is_there
from zensecrets_jupyter.notebook.sources.prompts import harmless_prompts, typed_at_prompt

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.asking.form_request import Asker


def prompter(shell: InteractiveShell) -> Asker:
    """Return the asker that prompts in ``shell``, or the non-interactive one if prompts reach no user."""
    if not somebody_is_there(shell):
        return NonInteractiveAsker()
    ask = _terminal_prompt if getattr(shell, "kernel", None) is None else hidden_prompt

    def ask_harmless(prompt: str) -> str:
        with harmless_prompts():
            return ask(prompt)

    return PromptAsker(ask, print, visible=ask_harmless)


def _terminal_prompt(prompt: str) -> str:
    answer = read_hidden(prompt)
    typed_at_prompt(the_redactor(), answer, prompt)
    return answer

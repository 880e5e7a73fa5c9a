"""Prompts in a shell that do not echo, and whose answers are nowhere afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.nobody import Nobody
from zensecrets_jupyter.commands.prompts import HiddenPrompts
from zensecrets_jupyter.notebook.front_end import hidden_prompt, somebody_is_there
from zensecrets_jupyter.notebook.sources.prompts import harmless_prompts

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.ask import Asker


def prompter(shell: InteractiveShell) -> Asker:
    """Return who answers prompts in ``shell`` now: a person, or nobody."""
    return HiddenPrompts(hidden_prompt, print, visible=_harmless_prompt) if somebody_is_there(shell) else Nobody()


def _harmless_prompt(prompt: str) -> str:
    with harmless_prompts():
        return hidden_prompt(prompt)

"""A user with prepared answers, for commands with prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.asking.prompts import PromptAsker

if TYPE_CHECKING:
    from collections.abc import Sequence


class ScriptedUser(PromptAsker):
    """Asker that answers each prompt with a prepared text, and records prompts and messages.

    Attributes:
        prompts: The texts of the prompts so far.
        messages: The lines that commands have shown so far.
    """

    def __init__(self, *answers: str) -> None:
        """Prepare the answers, one for each prompt."""
        self.prompts: list[str] = []
        self.messages: list[str] = []
        self._answers = list(answers)
        super().__init__(self._answer, self.messages.append)

    @property
    def unused_answers(self) -> Sequence[str]:
        """The answers that no prompt has used."""
        return self._answers

    @property
    def screen(self) -> str:
        """All prompts and messages as one text."""
        return "\n".join([*self.prompts, *self.messages])

    def _answer(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return self._answers.pop(0)

"""A user with prepared answers, for commands that ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.asking.prompts import PromptAsker

if TYPE_CHECKING:
    from collections.abc import Sequence


class ScriptedUser(PromptAsker):
    """An asker that gives prepared answers, and records prompts and messages.

    Attributes:
        asked: The prompts.
        shown: The messages.
    """

    def __init__(self, *answers: str) -> None:
        """Prepare the answers, one for each prompt."""
        self.asked: list[str] = []
        self.shown: list[str] = []
        self._answers = list(answers)
        super().__init__(self._answer, self.shown.append)

    @property
    def unused_answers(self) -> Sequence[str]:
        """The answers that no prompt has used."""
        return self._answers

    @property
    def screen(self) -> str:
        """All prompts and messages as one text."""
        return "\n".join([*self.asked, *self.shown])

    def _answer(self, prompt: str) -> str:
        self.asked.append(prompt)
        return self._answers.pop(0)

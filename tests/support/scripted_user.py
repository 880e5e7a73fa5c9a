"""People who answer, for commands that ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.asking.prompts import PromptAsker

if TYPE_CHECKING:
    from collections.abc import Sequence


class Person(PromptAsker):
    """Somebody who gives prepared answers, and notes what was asked and shown."""

    def __init__(self, *answers: str) -> None:
        """Answer each question with the next of the answers."""
        self.asked: list[str] = []
        self.shown: list[str] = []
        self._answers = list(answers)
        super().__init__(self._answer, self.shown.append)

    @property
    def left(self) -> Sequence[str]:
        """The answers that were not needed."""
        return self._answers

    @property
    def seen(self) -> str:
        """Everything that was on the screen."""
        return "\n".join([*self.asked, *self.shown])

    def _answer(self, prompt: str) -> str:
        self.asked.append(prompt)
        return self._answers.pop(0)

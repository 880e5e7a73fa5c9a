"""Who is asked for a value in a shell: a person, through a form or through hidden prompts, or nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.notebook.front_end import can_await_forms, shows_forms
from zensecrets_jupyter.notebook.prompting import prompter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.asking.form_request import Asker, Choice, Question
    from zensecrets_jupyter.notebook.form import FormWidget


class Forms:
    """See :class:`.Asker`: each question is a form, and the command ends before it is answered.

    Passphrases and confirmations are asked for by prompts, which hold the cell.

    Attributes:
        form: The form, once something was asked.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        """Put forms under the cell that ``shell`` is running."""
        self._shell = shell
        self.form: FormWidget | None = None

    def ask(self, question: Question) -> Outcome:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.ask`; nothing has come of it yet when this returns."""
        from IPython.display import display  # noqa: PLC0415 - loading the extension stays fast

        from zensecrets_jupyter.notebook.form import FormWidget  # noqa: PLC0415 - ipywidgets takes long to import

        if self.form is not None:
            self.form.session.ask_next(question)
        else:
            self.form = FormWidget(question)
            display(self.form)
        return Outcome()

    def ask_passphrase(self, prompt: str, *, confirm: bool = False) -> str:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.ask_passphrase`."""
        return prompter(self._shell).ask_passphrase(prompt, confirm=confirm)

    def confirm(self, question: str) -> bool:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.confirm`."""
        return prompter(self._shell).confirm(question)

    def choose(self, question: str, choices: Sequence[Choice], *, otherwise: str) -> str:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.choose`."""
        return prompter(self._shell).choose(question, choices, otherwise=otherwise)


def asker(shell: InteractiveShell, *, waits: bool = False, is_awaited: bool = False) -> Asker:
    """Return who answers questions in ``shell`` now.

    Args:
        shell: The shell.
        waits: Whether the command is to go on only when its question is answered.
        is_awaited: Whether what it returns is awaited, so that a form can be waited for; prompts hold the cell in any case.
    """
    if shows_forms(shell) and (not waits or (is_awaited and can_await_forms(shell))):
        return Forms(shell)
    return prompter(shell)


def passphrase_source(shell: InteractiveShell) -> Callable[[str], str]:
    """Return what asks for passphrases in ``shell``."""

    def ask(prompt: str) -> str:
        return prompter(shell).ask_passphrase(prompt)

    return ask

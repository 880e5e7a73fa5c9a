"""Askers, the objects that ask the user of a shell for values.

Front ends that can display a form get a form, others get prompts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.notebook.front_end import can_await_forms, can_show_forms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.asking.form_request import Asker, Choice, FormRequest
    from zensecrets_jupyter.notebook.form.widget import FormWidget


class FormAsker:
    """Asker that shows a form for values. The command ends before the form is submitted.

    Requests for passphrases, confirmations and choices are prompts, and the cell waits for their answers. This class implements the
    protocol :class:`~zensecrets_jupyter.commands.asking.form_request.Asker`.

    Attributes:
        form: The form; ``None`` before the first request.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        """Create an asker that shows forms in the output of the running cell of ``shell``."""
        self._shell = shell
        self.form: FormWidget | None = None

    def ask(self, request: FormRequest) -> Outcome:
        """Show the form, and return an empty outcome; see :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.ask`."""
        # %load_ext imports this module, and would be slower with these imports at the top of the module.
        from IPython.display import display

        from zensecrets_jupyter.notebook.form.widget import FormWidget

        if self.form is not None:
            # The form was submitted, and the rest of the command needs further values.
            self.form.session.ask_next(request)
        else:
            self.form = FormWidget(request)
            display(self.form)
        return Outcome()

    def ask_passphrase(self, prompt: str, *, confirm: bool = False) -> str:
        """Prompt for a passphrase and return it; see :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.ask_passphrase`."""
        return _make_prompt_asker(self._shell).ask_passphrase(prompt, confirm=confirm)

    def confirm(self, question: str) -> bool:
        """Return whether the user answers yes to a prompt; see :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.confirm`."""
        return _make_prompt_asker(self._shell).confirm(question)

    def choose(self, question: str, choices: Sequence[Choice], *, alternative: str) -> str:
        """Prompt for a choice and return its letter; see :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.choose`."""
        return _make_prompt_asker(self._shell).choose(question, choices, alternative=alternative)


def make_asker(shell: InteractiveShell, *, has_wait_option: bool = False, is_awaited: bool = False) -> Asker:
    """Return the asker for a command in ``shell``.

    Args:
        shell: The shell.
        has_wait_option: Whether the user wrote `--wait`, so that the cell must not end before the user answers.
        is_awaited: Whether the cell awaits the result of the command, which IPython supports only in some calls. A cell that does not
            await it can wait for a prompt, but not for a form.
    """
    if can_show_forms(shell) and (not has_wait_option or (is_awaited and can_await_forms(shell))):
        return FormAsker(shell)
    return _make_prompt_asker(shell)


def make_passphrase_source(shell: InteractiveShell) -> Callable[[str], str]:
    """Return a function that prompts for a passphrase in ``shell``."""

    def ask(prompt: str) -> str:
        return _make_prompt_asker(shell).ask_passphrase(prompt)

    return ask


def _make_prompt_asker(shell: InteractiveShell) -> Asker:
    # %load_ext imports this module. With this import at the top of the module, %load_ext would take ten percent longer.
    from zensecrets_jupyter.notebook.prompt_asker import make_prompt_asker

    return make_prompt_asker(shell)

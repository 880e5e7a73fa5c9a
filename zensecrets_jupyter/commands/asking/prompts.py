"""The asker for terminals and consoles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.asking.form_request import Answer, Field, FormRequest, Section
from zensecrets_jupyter.commands.asking.input_rules import EMPTY, notes_on, problem_with, problem_with_key
from zensecrets_jupyter.core.errors import InteractionUnavailableError, InvalidSecretError, WrongPassphraseError, ZenSecretsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zensecrets_jupyter.commands.asking.form_request import Choice
    from zensecrets_jupyter.commands.framework.outcome import Outcome

ATTEMPTS = 3
"""The maximum number of times that a prompt asks for the same input, if the input is not acceptable."""


class PromptAsker:
    """Asker that prompts for each value, without echo for sensitive ones."""

    def __init__(
        self, prompt_hidden: Callable[[str], str], show: Callable[[str], None], *, prompt_visible: Callable[[str], str] | None = None
    ) -> None:
        """Create the asker.

        Args:
            prompt_hidden: Shows a prompt and returns the input, which is typed without echo.
            show: Shows a line.
            prompt_visible: Shows a prompt and returns the input, with echo. It is for input that is not sensitive, such as the name of a
                key. The default is ``prompt_hidden``.
        """
        self._prompt_hidden = prompt_hidden
        self._show = show
        self._prompt_visible = prompt_visible or prompt_hidden

    def ask(self, request: FormRequest) -> Outcome:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.ask`. The continuation runs before this method returns."""
        if request.offer is not None and not self.confirm(request.offer.question):
            return request.offer.outcome_if_declined
        self._show(f"{request.verb} {request.title}")
        answers = {}
        for section in request.sections:
            if len(request.sections) > 1 or section.note:
                self._show(_heading(section))
            answers[section.subject] = Answer(self._ask_section(section))
        while True:
            try:
                return request.continuation.run(answers)
            except ZenSecretsError as error:  # noqa: PERF203 - each iteration waits for a person
                # The typed values exist only during this call, so only this method can use them for a retry.
                if not request.offers_retry or not self._confirm_retry(error):
                    raise

    def ask_passphrase(self, prompt: str, *, confirm: bool = False) -> str:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.ask_passphrase`."""
        for _ in range(ATTEMPTS):
            passphrase = self._prompt_hidden(prompt)
            if not confirm or self._prompt_hidden("Repeat it: ") == passphrase:
                return passphrase
            self._show("The two inputs differ.")
        raise WrongPassphraseError(f"The two inputs of the passphrase differed {ATTEMPTS} times. Nothing was done.", hint="Try again.")

    def confirm(self, question: str) -> bool:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.confirm`."""
        return self._prompt_visible(f"{question} [y/N]: ").strip().lower() in {"y", "yes"}

    def choose(self, question: str, choices: Sequence[Choice], *, alternative: str) -> str:
        """See :meth:`~zensecrets_jupyter.commands.asking.form_request.Asker.choose`."""
        del alternative
        labels = ", ".join(f"[{choice.letter}] {choice.label}" for choice in choices)
        for _ in range(ATTEMPTS):
            answer = self._prompt_visible(f"{question} {labels}, Enter to cancel: ").strip()
            if not answer or answer in {choice.letter for choice in choices}:
                return answer
            self._show(f"Type one of {', '.join(choice.letter for choice in choices)}, or press Enter to cancel.")
        return ""

    def _confirm_retry(self, error: ZenSecretsError) -> bool:
        try:
            return self.confirm(f"{error.message} Try again with the same input?")
        except InteractionUnavailableError:
            # The input has ended, so nothing can be confirmed, and the caller raises the original error.
            return False

    def _ask_section(self, section: Section) -> dict[str, str]:
        values: dict[str, str] = {}
        for field in section.fields:
            answer = self._ask_field(section, field)
            if answer:
                values[field.key] = answer
        if section.any_key:
            self._ask_more_keys(section, values)
        return values

    def _ask_field(self, section: Section, field: Field) -> str:
        prompt = self._prompt_hidden if field.sensitive else self._prompt_visible
        description = f" ({field.description})" if field.description else ""
        for attribute in field.needed_by:
            self._show(f"  {attribute} needs {section.subject}.{field.key}")
        for _ in range(ATTEMPTS):
            answer = prompt(f"Value of {section.subject}.{field.key}{description}{_empty_note(field)}: ")
            if not answer and (field.current_value_label or not field.required):
                return ""
            problem = problem_with(field, answer) if answer else EMPTY
            if not problem:
                for note in notes_on(field, answer):
                    self._show(note)
                return answer
            self._show(problem)
        message = f"There is no valid value for {section.subject}.{field.key}. Nothing was written."
        raise InvalidSecretError(message, name=section.subject, hint="Try again.")

    def _ask_more_keys(self, section: Section, values: dict[str, str]) -> None:
        keys = {field.key for field in section.fields}
        while True:
            label = "Another key" if keys else "Key"
            key = self._prompt_visible(f"{label} of {section.subject}{' (empty when done)' if keys else ''}: ").strip()
            if not key and (keys or values):
                return
            problem = problem_with_key(key, keys)
            if problem:
                # The message does not contain the input, because it may be a value that was typed at the wrong prompt.
                self._show(problem)
                continue
            values[key] = self._ask_field(section, Field(key))
            keys.add(key)


def _empty_note(field: Field) -> str:
    """Return the part of a prompt about an empty answer; empty if an answer is required."""
    if field.current_value_label:
        return f"; empty keeps the value that is {field.current_value_label}"
    return "" if field.required else "; empty for none"


def _heading(section: Section) -> str:
    # The schema "arbitrary" has no fixed keys, so its name says nothing about the values.
    schema = f"schema {section.schema}" if section.schema not in {"", "arbitrary"} else ""
    remarks = "; ".join(text for text in (schema, section.note) if text)
    return f"{section.subject}{f' ({remarks})' if remarks else ''}:"
